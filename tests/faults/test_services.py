"""PROMISE: the three services end in time, come back in time, and answer while the broker is away."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from chassis.kafka import SESSION_MS
from tests.eventually import eventually
from tests.faults.field import Field, field_of
from tests.faults.servers import Servers
from tests.infrastructure import fetch
from tests.system import checker
from tests.system.numbers import organisation_numbers

SERVICES = ("onboarding", "activation", "notifier")
STOP_SECONDS = 10.0
SESSION_SECONDS, REST_SECONDS, START_SECONDS = SESSION_MS / 1000, 5.0, 2.5
"""Until Kafka gives a dead member's place away; for all else, where a service starts in `START_SECONDS`, and up to
twice as long on a slower machine."""


@pytest.fixture
async def field(servers: Servers, tmp_path: Path) -> AsyncIterator[Field]:
    """One replica of each service."""
    async with field_of(servers, tmp_path, SERVICES) as built:
        yield built


async def create(field: Field, number: str) -> str:
    """A client by the API; asked again until it is answered."""
    field.load.allowance = field.load.sent + 1
    await field.load.by_api([number])
    return field.load.acknowledged[-1]


async def mailed(field: Field, client_id: str) -> bool:
    """The whole road: only what has passed all services has a mail."""
    rows = await fetch(field.rig.databases["notifier"], "select 1 from emails where client_id = $1::uuid", client_id)
    return bool(rows)


async def kept(field: Field) -> None:
    await field.ready()
    await eventually(lambda: checker.settled(field.rig), within=60, every=0.5)
    found = await checker.check(field.rig, field.load.acknowledged)
    assert found.faults == []


@pytest.mark.parametrize(
    "killed", [SERVICES[1:2], pytest.param(SERVICES, marks=pytest.mark.soak)], ids=["one killed", "each killed"]
)
async def test_each_service_ends_in_10_s_under_load_and_recovers_from_kill_9_in_15(
    field: Field, killed: tuple[str, ...]
) -> None:
    stop, starts = asyncio.Event(), list[float]()
    feeding = asyncio.ensure_future(field.feed(3, stop))
    for service in SERVICES:
        replica = field.replicas(service)[0]
        started = time.monotonic()
        replica.process.send_signal(signal.SIGTERM)
        await eventually(lambda s=service: ended(field, s, 1), within=STOP_SECONDS)  # type: ignore[misc]
        assert field.ended(service) == [0], f"{service} after {time.monotonic() - started:.1f} s"
        ended_at = time.monotonic()
        await field.ready()
        starts.append(time.monotonic() - ended_at)
    stop.set()
    await feeding
    recovery = SESSION_SECONDS + REST_SECONDS * min(2.0, max(1.0, max(starts) / START_SECONDS))
    numbers = organisation_numbers(90_000)
    for service in killed:
        replica = field.replicas(service)[0]
        replica.process.kill()
        started = time.monotonic()
        await eventually(lambda s=service: ended(field, s, 2), within=5)  # type: ignore[misc]
        await eventually(lambda: answering(field), within=recovery)
        client_id = await create(field, next(numbers))
        left = recovery - (time.monotonic() - started)
        await eventually(lambda c=client_id: mailed(field, c), within=left)  # type: ignore[misc]
    await kept(field)


async def ended(field: Field, service: str, count: int) -> bool:
    return len(field.ended(service)) >= count


async def answering(field: Field) -> bool:
    async with httpx.AsyncClient(timeout=2) as client:
        try:
            return (await client.get(f"{field.rig.url('onboarding')}/health/ready")).status_code == 200
        except (httpx.HTTPError, StopIteration) as error:
            raise AssertionError(repr(error)) from error


@pytest.mark.parametrize("seconds", [8, pytest.param(90, marks=pytest.mark.soak)])
async def test_the_api_answers_while_the_broker_is_down_and_all_arrives_after(field: Field, seconds: int) -> None:
    numbers = organisation_numbers(80_000)
    first = await create(field, next(numbers))
    await eventually(lambda: mailed(field, first), within=20)
    await asyncio.to_thread(field.servers.nodes.kill, "kafka")
    created, until = [first], time.monotonic() + seconds
    try:
        while time.monotonic() < until or (len(created) <= seconds and time.monotonic() < until + seconds):
            created.append(await create(field, next(numbers)))
            for service in SERVICES:
                async with httpx.AsyncClient(timeout=5) as client:
                    url = field.replicas(service)[0].url
                    assert (await client.get(f"{url}/health/ready")).status_code == 200
                    assert (await client.get(f"{url}/health/live")).status_code == 200
            await asyncio.sleep(0.3)
    finally:
        await asyncio.to_thread(field.servers.nodes.start, "kafka")
    await field.servers.nodes.ready("kafka")
    assert len(created) > seconds
    await kept(field)
    assert field.exits == []


async def test_a_way_to_the_mail_server_that_is_silent_cut_and_reset_sends_no_mail_twice(field: Field) -> None:
    stop = asyncio.Event()
    feeding = asyncio.ensure_future(field.feed(4, stop))
    for number in range(6):
        before = sum(field.mail.fired.values())
        if number % 3 == 0:
            field.mail.black_hole("down" if number else "up")
        else:
            field.mail.cut_after(60 * number)
        await eventually(lambda b=before: mail_fault(field, b), within=30)  # type: ignore[misc]
        if number % 3 == 1:
            field.mail.reset()
        await asyncio.sleep(1)
        field.mail.heal()
    stop.set()
    await feeding
    await kept(field)
    assert min(field.mail.fired[each] for each in ("black hole", "cut")) > 0


async def mail_fault(field: Field, before: int) -> bool:
    return sum(field.mail.fired.values()) > before
