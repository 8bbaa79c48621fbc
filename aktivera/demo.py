"""The demo: an agency with three consultants, sample clients by API and by event, and each one's way with its times."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from aktivera.addresses import Addresses
from aktivera.operations import Operations
from aktivera.tokens import Bearer, issue
from schemas.topics import requests_topic, results_topic

EXAMPLES = Path(__file__).resolve().parent.parent / "schemas" / "examples" / "onboarding.requested"
AGENCY = "byra-ett"
CONSULTANTS = {
    "karin": ("Karin Ek", ["client_manager"]),
    "erik": ("Erik Lund", ["client_manager"]),
    "anna": ("Anna Berg", ["client_manager", "agency_admin"]),
}
BY_API = {
    "access": {"program_access": True, "invoice_recipient": "agency", "invoice_interval": "month"},
    "details": {
        "name": "Exempelkommunens Energi AB",
        "identity": {"kind": "organisation", "number": "212000-0142"},
        "address": {"street": "Nygatan 3", "postal_code": "352 31", "city": "Växjö", "country": "SE"},
    },
    "licences": {"counts": {"bookkeeping": 1}, "confirmation_email": "ekonomi@exempelenergi.se"},
}
WAY = {  # what is shown → the step of the trace it is taken from
    "requested": ("onboarding.requested", "client.created"),
    "listed": ("activation.listed",),
    "mail": ("email.sent",),
    "bell": ("notification.raised",),
}
SECONDS = 60.0

Say = Callable[[str], None]


def run_demo(where: Addresses, say: Say, *, as_json: bool = False) -> bool:
    """Sends the samples (sending them again changes nothing) and shows each way. False where one did not arrive."""
    say_progress: Say = (lambda _: None) if as_json else say
    say_progress("demo: agency and consultants")
    _directory(where)
    say_progress("demo: one client by API, the others by event")
    clients = {"API": _by_api(where)} | asyncio.run(_by_event(where))
    ways = _ways(where, clients)
    if as_json:
        say(json.dumps(ways, ensure_ascii=False, indent=2))
    else:
        for way in ways:
            say(_line(way))
    return all(set(WAY) <= set(way["steps"]) for way in ways)


def _token(where: Addresses, sub: str) -> dict[str, str]:
    name, roles = CONSULTANTS[sub]
    return {"Authorization": "Bearer " + issue(where.signing_key, Bearer(AGENCY, sub, roles, name=name))}


def _directory(where: Addresses) -> None:
    agency = f"{where.services['onboarding']}/v1/agencies/{AGENCY}"
    with httpx.Client(headers=_token(where, "anna"), timeout=15) as client:
        body = {"name": "Byrå Ett", "locale": "sv", "client_visibility": "all"}
        client.put(agency, json=body).raise_for_status()
        for sub, (name, roles) in CONSULTANTS.items():
            person = {"name": name, "email": f"{sub}@byra-ett.se", "locale": "sv", "roles": roles}
            client.put(f"{agency}/consultants/{sub}", json=person).raise_for_status()


def _by_api(where: Addresses) -> str:
    headers = _token(where, "karin") | {"Idempotency-Key": "demo-1"}
    answer = httpx.post(f"{where.services['onboarding']}/v1/clients", json=BY_API, headers=headers, timeout=15)
    answer.raise_for_status()
    return str(answer.json()["client_id"])


async def _by_event(where: Addresses) -> dict[str, str]:
    """Sends the examples and reads the answers, as an upstream system does."""
    samples = {name: (EXAMPLES / f"{name}.json").read_bytes() for name in ("minimal", "full")}
    wanted = {json.loads(sample)["id"]: f"event {name}" for name, sample in samples.items()}
    consumer = AIOKafkaConsumer(results_topic(), bootstrap_servers=where.kafka, auto_offset_reset="earliest")
    producer = AIOKafkaProducer(bootstrap_servers=where.kafka, acks="all")
    async with asyncio.timeout(SECONDS), consumer, producer:
        for sample in samples.values():
            headers = [("content-type", b"application/cloudevents+json")]
            await producer.send_and_wait(requests_topic(), sample, headers=headers)
        found: dict[str, str] = {}
        while len(found) < len(wanted):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    event = json.loads(record.value)
                    data = event["data"]
                    if data.get("request_id") in wanted and data.get("client_id"):
                        found[wanted[data["request_id"]]] = data["client_id"]
        return found


def _ways(where: Addresses, clients: dict[str, str]) -> list[dict[str, Any]]:
    operations = Operations(where)
    until = time.monotonic() + SECONDS
    ways = [{"sample": sample, "client_id": client_id, "steps": {}} for sample, client_id in clients.items()]
    while time.monotonic() < until:
        for way in ways:
            way["steps"] = _steps(operations.trace(str(way["client_id"])))
        if all(set(WAY) <= set(way["steps"]) for way in ways):
            break
        time.sleep(0.2)
    return ways


def _steps(trace: list[dict[str, Any]]) -> dict[str, str]:
    steps: dict[str, str] = {}
    for name, sources in WAY.items():
        times = [str(step["at"]) for step in trace if step["what"] in sources]
        if times:
            steps[name] = min(times)
    return steps


def _line(way: dict[str, Any]) -> str:
    steps = {name: datetime.fromisoformat(at) for name, at in way["steps"].items()}
    start = steps.get("requested")
    parts = []
    for name in WAY:
        at = steps.get(name)
        if at is None:
            parts.append(f"{name} NOT YET")
        elif name == "requested" or start is None:
            parts.append(f"{name} {at.astimezone():%Y-%m-%d %H:%M:%S}")
        else:
            parts.append(f"{name} +{(at - start).total_seconds() * 1000:.0f} ms")
    return f"  {way['sample']:<14}{way['client_id']}  " + " → ".join(parts)
