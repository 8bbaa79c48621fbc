"""Canaries: personal numbers go in by every door, and are then sought everywhere, in every spelling."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.eventually import eventually
from tests.infrastructure import fetch
from tests.integration.onboarding.spellings import spellings
from tests.system import checker
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig
from tests.system.test_road import request
from tests.unit.onboarding.files import csv_of
from tests.vault_secrets import encrypted

REQUESTS = "onboarding-requests"
SOURCE = "/upstream/demo"
BY_API, BY_GUIDE, BY_FILE, BY_EVENT = "811218-9876", "000229-1235", "121272+1219", "701061-1239"
PLAIN = "850709-9805"  # sent against the rules, and by nothing else
NUMBERS = {BY_API: "198112189876", BY_GUIDE: "200002291235", BY_FILE: "191212721219", BY_EVENT: "197010611239"}
ADMIN = ("anna", "agency_admin")


def person(number: str, name: str) -> dict[str, Any]:
    body = request(number, name, f"{name.lower()}@exempel.se")
    body["details"]["identity"] = {"kind": "sole_trader", "number": number}
    return body


async def by_http(rig: Rig) -> list[str]:
    """In by API, guide and file; and against the rules in whatever a request has beside its body."""
    made = []
    headers = rig.token("karin")
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), headers=headers, timeout=15) as client:
        answer = await client.post("/v1/clients", json=person(BY_API, "Api"))
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["client_id"])
        draft = await client.post("/v1/drafts", json=person(BY_GUIDE, "Guide"))
        assert draft.status_code == 201, draft.text
        submitted = await client.post(f"/v1/drafts/{draft.json()['draft_id']}/submit")
        assert submitted.status_code in {200, 201}, submitted.text
        made.append(submitted.json()["client_id"])
        half = await client.post("/v1/drafts", json={"details": {"identity": {"number": BY_API}}})
        assert half.status_code == 201, half.text
        sent = csv_of(person(BY_FILE, "File"))
        file = await client.post("/v1/clients/import", content=sent, headers={"Content-Type": "text/csv"})
        assert file.status_code == 202, file.text
        for path in (f"/v1/clients?q={BY_API}", f"/v1/clients/{BY_API}", f"/v1/intake/demo/{BY_API}", f"/{BY_API}"):
            await client.get(path)
        for name in ("Idempotency-Key", "X-Correlation-ID", "If-Match", "User-Agent"):
            await client.post("/v1/clients", json=person(BY_API, f"Firma {BY_API}"), headers={name: BY_API})
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), headers=rig.token(*ADMIN), timeout=15) as admin:
        shown = await admin.post(f"/v1/clients/{made[0]}/identity/reveal", json={"reason": "other"})
        assert shown.json()["number"] == NUMBERS[BY_API]
    return made


async def by_events(rig: Rig) -> None:
    """Encrypted in both modes; plain in the number, in a name, in an id, and in what names no sender and is held."""
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), timeout=15) as client:
        (key,) = (await client.get("/v1/intake/key")).json()["keys"]

    def event(event_id: str, body: dict[str, Any]) -> dict[str, Any]:
        kind = "se.aktivera.onboarding.requested.v1"
        about = {"specversion": "1.0", "id": event_id, "source": SOURCE, "type": kind}
        return about | {"data": body | {"agency": "byra-ett", "external_ref": f"ref-{len(event_id)}"}}

    def sealed(event_id: str, name: str) -> dict[str, Any]:
        jwe = encrypted({"number": BY_EVENT, "source": SOURCE, "id": event_id}, key)
        body = person("", name)
        body["details"]["identity"] = {
            "kind": "association_without_orgnr",
            "number_jwe": jwe,
            "responsible_person": "Berit Berg",
        }
        return event(event_id, body)

    binary = sealed("jwe-binary", "Binary")
    headers = [(f"ce_{name}", str(binary[name]).encode()) for name in ("specversion", "id", "source", "type")]
    records: list[tuple[bytes, list[tuple[str, bytes]]]] = [
        (orjson.dumps(sealed("jwe-structured", "Structured")), []),
        (orjson.dumps(binary["data"]), [*headers, ("content-type", b"application/json")]),
        (orjson.dumps(event("plain-number", person(PLAIN, "Plain"))), []),
        (orjson.dumps(event("plain-name", request(next(organisation_numbers(7)), f"Firma {PLAIN}"))), []),
        (orjson.dumps(event(PLAIN, person(PLAIN, "Plainid"))), []),
        (orjson.dumps({"specversion": "1.0", "note": f"{PLAIN} from nobody"}), []),
    ]
    async with AIOKafkaProducer(bootstrap_servers=rig.common.kafka_bootstrap) as producer:
        for value, beside in records:
            await producer.send_and_wait(rig.common.topic_prefix + REQUESTS, value, headers=beside)


async def everything(rig: Rig) -> dict[str, str]:
    """Place → all that can be read there: topics with keys and headers, tables, logs, mails, metrics."""
    places = {f"topic {name}": text for name, text in (await topics(rig)).items()}
    for service, address in rig.databases.items():
        names = await fetch(address, "select table_name from information_schema.tables where table_schema = 'public'")
        for name in (row["table_name"] for row in names):
            rows = await fetch(address, f'select t::text as text from "{name}" t')
            places[f"table {service}.{name}"] = "\n".join(row["text"] for row in rows)
        async with httpx.AsyncClient(base_url=rig.url(service), timeout=15) as client:
            places[f"metrics {service}"] = (await client.get("/metrics")).text
    places |= {f"log {file.name}": file.read_text(errors="replace") for file in rig.folder.glob("*.log")}
    return places | {"mails": str(rig.mails())}


async def topics(rig: Rig) -> dict[str, str]:
    consumer = AIOKafkaConsumer(bootstrap_servers=rig.common.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        names = [name for name in await consumer.topics() if name.startswith(rig.common.topic_prefix)]
        found = dict.fromkeys((name.removeprefix(rig.common.topic_prefix) for name in names), "")
        places = [TopicPartition(name, each) for name in names for each in range(rig.common.topic_partitions)]
        consumer.assign(places)
        for place, end in (await consumer.end_offsets(places)).items():
            consumer.seek(place, 0)
            while end and await consumer.position(place) < end:
                for records in (await consumer.getmany(place, timeout_ms=500)).values():
                    parts = [(each.key or b"", each.value or b"", each.headers) for each in records]
                    found[place.topic.removeprefix(rig.common.topic_prefix)] += "\n".join(map(str, parts))
        return found
    finally:
        await consumer.stop()


def hits(places: Mapping[str, str], numbers: set[str]) -> dict[str, set[str]]:
    """Place → the numbers found in it, in any spelling."""
    patterns = {each: re.compile("|".join(map(re.escape, sorted(spellings(each))))) for each in numbers}
    found = {
        where: {each for each, pattern in patterns.items() if pattern.search(text)} for where, text in places.items()
    }
    return {where: which for where, which in found.items() if which}


async def all_in(rig: Rig, made: list[str]) -> bool:
    """Whether everything that was sent has come to its end: five clients listed and mailed, four answers, one held."""
    rows = await fetch(rig.databases["onboarding"], "select client_id, listed_at from clients")
    assert len(rows) == 5, len(rows)
    assert all(row["listed_at"] for row in rows)
    assert {str(row["client_id"]) for row in rows} >= set(made)
    told = [event["data"].get("code") for event in await checker.events(rig, "onboarding-results")]
    assert sorted(code for code in told if code) == ["identity_must_be_encrypted", *["personal_number_not_allowed"] * 2]
    assert len(await fetch(rig.databases["onboarding"], "select from held_events")) == 1
    assert len(rig.mails()) == 5
    return True


@pytest.mark.timeout(180)
async def test_personal_numbers_are_nowhere_but_in_the_vault_by_whatever_door_they_came(rig: Rig) -> None:
    """Breaks where anything logs, says, stores or mails what it was sent. At the end its search is seen to find."""
    made = await by_http(rig)
    await by_events(rig)
    await eventually(lambda: all_in(rig, made), within=60)
    numbers = {*NUMBERS.values(), "19850709" + PLAIN[-4:]}
    places = await everything(rig)
    assert {where.split()[0] for where in places} == {"topic", "table", "log", "metrics", "mails"}
    assert all(places[f"topic {name}"] for name in checker.TOPICS)
    assert hits(places, numbers) == {f"topic {REQUESTS}": {"19850709" + PLAIN[-4:]}}
    assert len(await fetch(rig.databases["onboarding"], "select from vault")) == 5
    await plant(rig)
    assert hits(await everything(rig), numbers).keys() >= {
        f"topic {REQUESTS}",
        "topic notification-events",
        "table notifier.agencies",
        "table onboarding.idempotency_keys",
        "log notifier.log",
    }


async def plant(rig: Rig) -> None:
    """Leaks of each sort: a log line, a text, bytes, and a record's key."""
    with (rig.folder / "notifier.log").open("a") as log:
        log.write(f'{{"event": "failed", "number": "{BY_API}"}}\n')
    await fetch(rig.databases["notifier"], "insert into agencies (agency, name) values ('leak', $1)", BY_EVENT)
    await fetch(
        rig.databases["onboarding"],
        """insert into idempotency_keys (scope, key, digest, status, body, created_at)
           values ('leak', 'leak', $1, 200, '{}', now())""",
        NUMBERS[BY_GUIDE].encode(),
    )
    async with AIOKafkaProducer(bootstrap_servers=rig.common.kafka_bootstrap) as producer:
        await producer.send_and_wait(rig.common.topic_prefix + "notification-events", b"{}", key=BY_FILE.encode())
