"""An upstream system of somebody else: knows Kafka and CloudEvents, and nothing of this project.

Arguments: bootstrap, topic prefix, agency, two organisation numbers. Sends one structured and one binary request, then
prints a JSON line for each answer until both are listed, and again until both are activated.
"""

import asyncio
import json
import sys
import uuid

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


def body(agency: str, number: str) -> dict[str, object]:
    return {
        "agency": agency,
        "access": {"program_access": True, "invoice_recipient": "agency", "invoice_interval": "month"},
        "details": {
            "name": "Uppströms AB",
            "identity": {"kind": "organisation", "number": number},
            "address": {"street": "Storgatan 1", "postal_code": "35230", "city": "Växjö"},
        },
        "licences": {"counts": {"bookkeeping": 1}, "confirmation_email": "info@uppstroms.se"},
    }


async def main(bootstrap: str, prefix: str, agency: str, first: str, second: str) -> None:
    structured, binary = str(uuid.uuid4()), str(uuid.uuid4())
    correlations = {"mine-" + structured, "mine-" + binary}
    kind = "se.aktivera.onboarding.requested.v1"
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(
        prefix + "onboarding-results", bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    async with producer, consumer:
        event = {
            "specversion": "1.0",
            "id": structured,
            "source": "/upstream/demo",
            "type": kind,
            "correlationid": "mine-" + structured,
            "data": body(agency, first),
        }
        await producer.send_and_wait(
            prefix + "onboarding-requests",
            json.dumps(event).encode(),
            headers=[("content-type", b"application/cloudevents+json")],
        )
        await producer.send_and_wait(
            prefix + "onboarding-requests",
            json.dumps(body(agency, second)).encode(),
            headers=[
                ("ce_specversion", b"1.0"),
                ("ce_id", binary.encode()),
                ("ce_source", b"/upstream/demo"),
                ("ce_type", kind.encode()),
                ("ce_correlationid", b"mine-" + binary.encode()),
                ("content-type", b"application/json"),
            ],
        )
        wanted = {(each, what) for each in correlations for what in ("accepted", "listed", "activated")}
        async for record in consumer:
            answer = json.loads(record.value)
            if answer["correlationid"] not in correlations:
                continue
            what = answer["type"].split(".")[-2]
            line = json.dumps({"what": what, "correlation": answer["correlationid"], "data": answer["data"]})
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
            wanted.discard((answer["correlationid"], what))
            if not wanted:
                return


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 60))
