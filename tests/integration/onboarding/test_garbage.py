"""Garbage through real Kafka: each record is accepted, rejected or held, and the service goes on as before."""

import re
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import httpx
import pytest

from chassis import kafka
from tests.eventually import eventually
from tests.infrastructure import Infrastructure, fetch
from tests.integration.onboarding.garbage import Record, garbage
from tests.integration.onboarding.running import REQUESTS
from tests.system import checker
from tests.system.rig import Rig

RECORDS = 20_000
ROUND = 4_000
MOST_ROUNDS = 12
FLAT_MB = 2.0
ROUND_SECONDS = 60.0


@pytest.fixture
async def rig(infra: Infrastructure, prefix: str, tmp_path: Path) -> AsyncIterator[Rig]:
    built = await Rig.build(infra, prefix, tmp_path)
    try:
        await built.start("onboarding")
        await built.directory()
        yield built
    finally:
        built.stop()


async def test_twenty_thousand_records_of_garbage_are_each_accepted_rejected_or_held(rig: Rig) -> None:
    """Broken by a decoder that raises what nobody expects, by a record that stops its partition, and by what keeps a
    failure with its traceback, since that holds the record and all that was read with it."""
    records = garbage(RECORDS)
    (replica,) = rig.replicas
    resident: list[float] = []
    for number in range(MOST_ROUNDS):
        begin = number * ROUND % RECORDS  # after the last record the first ones again: repeated garbage is garbage
        await send(rig, records[begin : begin + ROUND])
        await eventually(partial(handled, rig, (number + 1) * ROUND), within=ROUND_SECONDS, every=0.2)
        resident.append(megabytes(replica.process.pid))
        if (number + 1) * ROUND >= RECORDS and resident[-1] - resident[-2] <= FLAT_MB:
            break
    else:
        pytest.fail(f"memory grows with each round: {resident} MB")
    assert replica.process.poll() is None
    sent = len(resident) * ROUND
    counts = await outcomes(replica.url)
    assert sum(counts.values()) == sent, counts
    assert min(counts["applied"], counts["rejected"], counts["held"]) > RECORDS / 50, counts
    answers = await checker.events(rig, "onboarding-results")
    (held,) = await fetch(
        rig.databases["onboarding"],
        "select count(*) as n, count(*) filter (where reason = 'unknown_client') as waiting from held_events",
    )
    assert held["n"] == counts["held"]
    told_later = len(answers) - counts["applied"] - counts["rejected"]
    assert 0 <= told_later <= held["waiting"]  # what waits for its client is told within a minute, if it does not come
    accepted = {each["data"].get("client_id") for each in answers if each["type"].endswith(".accepted.v1")}
    (clients,) = await fetch(rig.databases["onboarding"], "select count(*) as n from clients")
    assert clients["n"] == len(accepted)
    assert complaints((rig.folder / "onboarding.log").read_text(errors="replace")) == []


async def send(rig: Rig, records: Sequence[Record]) -> None:
    producer = kafka.producer(rig.common)
    await producer.start()
    try:
        for value, headers in records:
            await producer.send(rig.common.topic_prefix + REQUESTS, value, headers=list(headers))
        await producer.flush()
    finally:
        await producer.stop()


async def handled(rig: Rig, sent: int) -> bool:
    """All of it is read and answered."""
    (row,) = await fetch(
        rig.databases["onboarding"],
        """select (select coalesce(sum(next_offset), 0)::int from consumer_offsets
                    where topic like '%requests') as read,
                  (select count(*) from outbox) as unpublished""",
    )
    assert row["read"] == sent, f"{row['read']} of {sent}"
    assert row["unpublished"] == 0, f"{row['unpublished']} answers unpublished"
    return True


async def outcomes(url: str) -> dict[str, int]:
    """Events of the request topic by what became of them."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{url}/metrics")).text
    found = re.findall(
        r'^aktivera_events_total\{outcome="(\w+)",topic="[^"]*requests"\} ([0-9.e+]+)$', text, re.MULTILINE
    )
    return {outcome: int(float(count)) for outcome, count in found}


def megabytes(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def complaints(log: str) -> list[str]:
    """Lines that tell of a bug."""
    words = ("Traceback", '"level":"error"', '"level": "error"', '"level":"critical"', "decide_failed", "save_failed")
    return [line[:500] for line in log.splitlines() if any(word in line for word in words)][:5]
