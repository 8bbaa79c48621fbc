"""What a sender of events is promised: an answer to everything that names a sender, and no garbage in another's way."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from chassis.ids import uuid7
from tests.eventually import eventually
from tests.infrastructure import fetch
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig
from tests.system.test_road import request

SCRIPT = Path(__file__).with_name("upstream_script.py")
KIND = "se.aktivera.onboarding.requested.v1"


async def test_a_plain_script_sends_both_modes_and_reads_accepted_listed_activated(rig: Rig) -> None:
    numbers = organisation_numbers()
    arguments = [rig.common.kafka_bootstrap, rig.common.topic_prefix, "byra-ett", next(numbers), next(numbers)]
    script = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), *arguments, stdout=asyncio.subprocess.PIPE, cwd="/"
    )
    assert script.stdout is not None
    answers: list[dict[str, Any]] = []
    activated: set[str] = set()
    while line := await asyncio.wait_for(script.stdout.readline(), 60):
        answer = json.loads(line)
        answers.append(answer)
        client_id = answer["data"]["client_id"]
        if answer["what"] == "listed" and client_id not in activated:
            activated.add(client_id)
            async with httpx.AsyncClient(base_url=rig.url("activation"), headers=rig.token("karin")) as client:
                assert (await client.post(f"/v1/activations/{client_id}/activate")).status_code == 200
    assert await script.wait() == 0
    for correlation in {answer["correlation"] for answer in answers}:
        told = [answer["what"] for answer in answers if answer["correlation"] == correlation]
        assert told == ["accepted", "listed", "activated"]
    assert len(activated) == 2


def structured(**changes: Any) -> dict[str, Any]:
    data = request(next(organisation_numbers(500))) | {"agency": "byra-ett"}
    event = {"specversion": "1.0", "id": str(uuid7()), "source": "/upstream/demo", "type": KIND, "data": data}
    return {name: value for name, value in (event | changes).items() if value is not ...}


def garbage() -> dict[str, tuple[bytes, str | None]]:
    """Name → what is sent, and the code that a sender who can be told gets (None: it is held)."""
    deep = b'{"specversion":"1.0","id":"deep","source":"/upstream/demo","type":"' + KIND.encode() + b'","data":'
    return {
        "not JSON": (b"this is not JSON", None),
        "nothing": (b"", None),
        "bad UTF-8": (b'{"id": "\xff\xfe"}', None),
        "an array": (b"[1, 2, 3]", None),
        "deep nesting, cut off": (deep + b'{"a":' * 20_000, None),
        "900 kB": (orjson.dumps(structured(data={"agency": "x" * 900_000})), "payload_too_large"),
        "unknown type": (orjson.dumps(structured(type="se.aktivera.onboarding.wished.v1")), "unknown_event_type"),
        "unknown version": (
            orjson.dumps(structured(type="se.aktivera.onboarding.requested.v9")),
            "unsupported_version",
        ),
        "null data": (orjson.dumps(structured(data=None)), "malformed_event"),
        "no data": (orjson.dumps(structured(data=...)), "malformed_event"),
        "another's source": (orjson.dumps(structured(source="/upstream/other")), "wrong_source"),
        "unknown agency": (
            orjson.dumps(structured(data=request("556036-0793") | {"agency": "nowhere"})),
            "unknown_agency",
        ),
    }


@asynccontextmanager
async def results(rig: Rig) -> AsyncIterator[Any]:
    topic = rig.common.topic_prefix + "onboarding-results"
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=rig.common.kafka_bootstrap, auto_offset_reset="earliest")
    async with consumer:
        seen: list[dict[str, Any]] = []

        async def read() -> list[dict[str, Any]]:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                seen.extend(json.loads(record.value) for record in records)
            return seen

        yield read


async def test_garbage_gets_a_code_or_is_held_and_the_next_good_event_is_not_delayed(rig: Rig) -> None:
    topic = rig.common.topic_prefix + "onboarding-requests"
    async with AIOKafkaProducer(bootstrap_servers=rig.common.kafka_bootstrap) as producer, results(rig) as read:
        corpus = garbage()
        for content, _ in corpus.values():
            await producer.send_and_wait(topic, content, key=b"one key for all", partition=0)
        good = structured()
        await producer.send_and_wait(topic, orjson.dumps(good), key=b"one key for all", partition=0)
        await eventually(lambda: _answered(read, good["id"], "accepted"), within=15)
        await eventually(lambda: _told(read, sum(code is not None for _, code in corpus.values())), within=15)
        rejected = [each for each in await read() if each["type"].endswith("rejected.v1")]
    codes = sorted(code for _, code in corpus.values() if code)
    told = sorted(each["data"]["code"] for each in rejected)
    held = await fetch(rig.databases["onboarding"], "select reason from held_events where settled_at is null")
    assert told == codes, (told, held)
    assert len(held) == sum(code is None for _, code in corpus.values())
    for each in rejected:
        assert each["data"]["detail_sv"]
        assert each["data"]["detail_en"]


async def _told(read: Any, rejections: int) -> bool:
    told = [each for each in await read() if each["type"].endswith("rejected.v1")]
    assert len(told) >= rejections, told
    return True


async def _answered(read: Any, request_id: str, what: str) -> bool:
    answers = [each for each in await read() if each["data"].get("request_id") == request_id]
    assert [each["type"].split(".")[-2] for each in answers][:1] == [what], answers
    return True


async def test_a_null_key_is_accepted_and_the_same_event_twice_makes_one_client(rig: Rig) -> None:
    topic = rig.common.topic_prefix + "onboarding-requests"
    event = structured()
    async with AIOKafkaProducer(bootstrap_servers=rig.common.kafka_bootstrap) as producer, results(rig) as read:
        for _ in range(3):
            await producer.send_and_wait(topic, orjson.dumps(event), key=None)
        changed = event | {"data": event["data"] | {"external_ref": "other"}}
        await producer.send_and_wait(topic, orjson.dumps(changed), key=None)
        await eventually(lambda: _codes(read, event["id"], {"event_id_reused"}), within=15)
    rows = await fetch(rig.databases["onboarding"], "select client_id from clients")
    assert len(rows) == 1


async def _codes(read: Any, request_id: str, codes: set[str]) -> bool:
    answers = [each for each in await read() if each["data"].get("request_id") == request_id]
    assert {each["data"].get("code") for each in answers} - {None} == codes, answers
    return True


async def test_two_requests_with_one_number_in_one_batch_make_one_client_and_one_refusal(rig: Rig) -> None:
    topic = rig.common.topic_prefix + "onboarding-requests"
    events = [structured(id=f"same-number-{number}") for number in range(2)]
    async with AIOKafkaProducer(bootstrap_servers=rig.common.kafka_bootstrap, linger_ms=50) as producer:
        await asyncio.gather(*(producer.send_and_wait(topic, orjson.dumps(event), partition=0) for event in events))
        async with results(rig) as read:
            await eventually(lambda: _codes_of_all(read, events), within=15)
    rows = await fetch(rig.databases["onboarding"], "select client_id from clients")
    assert len(rows) == 1


async def _codes_of_all(read: Any, events: list[dict[str, Any]]) -> bool:
    ids = {event["id"] for event in events}
    answers = [each for each in await read() if each["data"].get("request_id") in ids]
    kinds = sorted(each["type"].split(".")[-2] for each in answers if not each["type"].endswith("listed.v1"))
    assert kinds == ["accepted", "rejected"], answers
    refused = next(each for each in answers if each["type"].endswith("rejected.v1"))
    assert refused["data"]["code"] == "duplicate_client", refused
    return True
