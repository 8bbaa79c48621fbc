"""The demo: an agency with three consultants, and sample clients by API and by event, each followed on its way."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from aktivera.addresses import Addresses
from aktivera.demo_way import Way, line
from aktivera.operator_client import OperatorClient
from aktivera.tokens import Bearer, issue
from aktivera.upstream import event_in
from chassis.clock import system_clock
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
SECONDS = 60.0
HTTP_SECONDS = 15.0

Say = Callable[[str], None]


class DemoStopped(Exception):  # named after the fact
    """A sample client did not come through; the message is one line that says where it stands."""


def run_demo(where: Addresses, say: Say, *, as_json: bool = False, seconds: float = SECONDS) -> None:
    """Sends the samples (sending them again changes nothing) and shows each way. Raises DemoStopped."""
    say_progress: Say = (lambda _: None) if as_json else say
    begun = system_clock()
    try:
        _must_be_ready(where)
        say_progress("demo: agency and consultants")
        _directory(where)
        say_progress("demo: one client by API, the others by event")
        clients = {"API": _by_api(where)} | asyncio.run(_by_event(where, seconds))
    except httpx.HTTPStatusError as error:
        raise DemoStopped(
            f"{error.request.url} answers {error.response.status_code}: {_code(error.response)}"
        ) from None
    except httpx.HTTPError as error:
        raise DemoStopped(f"{error.request.url} does not answer ({type(error).__name__})") from None
    ways = _ways(where, clients, begun, seconds)
    if as_json:
        say(json.dumps([way.to_json() for way in ways], ensure_ascii=False, indent=2))
    else:
        for way in ways:
            say(line(way))
    lacking = [f"{way.sample}: {', '.join(way.lacking)}" for way in ways if way.lacking]
    if lacking:
        raise DemoStopped(
            f"not there after {seconds:g} s: {'; '.join(lacking)}; see aktivera status, aktivera held list"
        )


def _must_be_ready(where: Addresses) -> None:
    for service, url in where.services.items():
        answer = httpx.get(f"{url}/health/ready", timeout=HTTP_SECONDS)
        if answer.is_error:
            raise DemoStopped(f"{service} is not ready: {', '.join(answer.json()['reasons'])}")


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase


def _token(where: Addresses, sub: str) -> dict[str, str]:
    name, roles = CONSULTANTS[sub]
    return {"Authorization": "Bearer " + issue(where.signing_key, Bearer(AGENCY, sub, roles, name=name))}


def _directory(where: Addresses) -> None:
    agency = f"{where.services['onboarding']}/v1/agencies/{AGENCY}"
    with httpx.Client(headers=_token(where, "anna"), timeout=HTTP_SECONDS) as client:
        body = {"name": "Byrå Ett", "locale": "sv", "client_visibility": "all"}
        client.put(agency, json=body).raise_for_status()
        for sub, (name, roles) in CONSULTANTS.items():
            person = {"name": name, "email": f"{sub}@byra-ett.se", "locale": "sv", "roles": roles}
            client.put(f"{agency}/consultants/{sub}", json=person).raise_for_status()


def _by_api(where: Addresses) -> str:
    headers = _token(where, "karin") | {"Idempotency-Key": "demo-1"}
    url = f"{where.services['onboarding']}/v1/clients"
    answer = httpx.post(url, json=BY_API, headers=headers, timeout=HTTP_SECONDS)
    answer.raise_for_status()
    return str(answer.json()["client_id"])


async def _by_event(where: Addresses, seconds: float) -> dict[str, str]:
    """Sends the examples and reads the answers, as an upstream system does."""
    samples = {name: (EXAMPLES / f"{name}.json").read_bytes() for name in ("minimal", "full")}
    wanted = {json.loads(sample)["id"]: f"event {name}" for name, sample in samples.items()}
    found: dict[str, str] = {}
    try:
        async with asyncio.timeout(seconds), _to_kafka(where.kafka) as (consumer, producer):
            for sample in samples.values():
                headers = [("content-type", b"application/cloudevents+json")]
                await producer.send_and_wait(requests_topic(), sample, headers=headers)
            while len(found) < len(wanted):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    events = [event for record in records if (event := event_in(record.value)) is not None]
                    found |= _answered(events, wanted)
    except TimeoutError:
        missing = ", ".join(set(wanted.values()) - set(found.values()))
        raise DemoStopped(
            f"no answer on {results_topic()} within {seconds:g} s: {missing}; see aktivera status, aktivera held list"
        ) from None
    except (KafkaError, OSError) as error:
        raise DemoStopped(f"Kafka does not answer at {where.kafka} ({type(error).__name__})") from None
    return found


def _answered(events: list[dict[str, Any]], wanted: dict[str, str]) -> dict[str, str]:
    """Sample → client id, of those answers that are ours. Raises DemoStopped for a rejection."""
    found = {}
    for event in events:
        data = event["data"]
        if data.get("request_id") in wanted:
            if data.get("client_id"):
                found[wanted[data["request_id"]]] = str(data["client_id"])
            elif event["type"].endswith(".rejected.v1"):
                codes = ", ".join(f"{each.get('pointer')}: {each.get('code')}" for each in data.get("errors", []))
                raise DemoStopped(f"{wanted[data['request_id']]} was rejected: {codes or data.get('code')}")
    return found


@asynccontextmanager
async def _to_kafka(bootstrap: str) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaProducer]]:
    """Both started; both stopped whatever happens, even where one could not start."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what is wrong is said once, in our words
    consumer = AIOKafkaConsumer(results_topic(), bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    try:
        await consumer.start()
        await producer.start()
        yield consumer, producer
    finally:
        await consumer.stop()
        await producer.stop()


def _ways(where: Addresses, clients: dict[str, str], begun: datetime, seconds: float) -> list[Way]:
    until = time.monotonic() + seconds
    with OperatorClient(where) as services:
        while True:
            ways = [Way.read(sample, client, services.trace(client), begun) for sample, client in clients.items()]
            if not any(way.lacking for way in ways) or time.monotonic() > until:
                return ways
            time.sleep(0.2)
