"""What comes one by one is handled several at a time, and so is what is said."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import Any

import asyncpg
import pytest

from chassis import kafka
from chassis.lease import now
from chassis.produce import FEW, Lanes
from chassis.relay import Relay
from chassis.service import Context
from chassis.settings import CommonSettings
from chassis.unit_of_work import Cause
from schemas.envelope import Say
from tests.eventually import eventually
from tests.infrastructure import Infrastructure
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming, relaying

RECORDS = 200
SLOW_SECONDS = 0.04
SLOW = f"""
create function slow() returns trigger language plpgsql as 'begin perform pg_sleep({SLOW_SECONDS}); return null; end';
create trigger slow after update on consumer_offsets for each statement execute function slow()"""
COUNTED = """
create table removals (at timestamptz default clock_timestamp());
create function counted() returns trigger language plpgsql security definer as
  'begin insert into public.removals default values; return null; end';
create trigger counted after delete on outbox for each statement execute function counted()"""

OpenToy = Callable[[], Awaitable[Context]]


async def test_what_trickles_in_is_handled_several_at_a_time(
    open_toy: OpenToy, writer: Writer, infra: Infrastructure
) -> None:
    """Red where each fetch is answered for the first record: batches have nearly all of the time then."""
    context = await open_toy()
    await _superuser(infra, context, SLOW)
    async with consuming(context):
        await writer.send(toy.AddedV1(tally="first"))
        await eventually(partial(_handled, context, 1), within=20)
        began = monotonic()
        for number in range(RECORDS):
            await writer.send(toy.AddedV1(tally=f"t{number}"))
        await eventually(partial(_handled, context, RECORDS + 1), within=20)
        seconds = monotonic() - began
    row = await context.database.fetchrow("select count(distinct xmin::text) as batches from seen_versions")
    assert row["batches"] * SLOW_SECONDS < 0.65 * seconds, (row, seconds)


async def test_what_is_said_one_after_the_other_is_sent_several_at_a_time(
    open_toy: OpenToy, infra: Infrastructure
) -> None:
    context = await open_toy()
    await _superuser(infra, context, COUNTED)
    async with relaying(context):
        began = monotonic()
        for number in range(RECORDS):
            await _say(context, f"t{number}")
        await eventually(partial(_empty, context), within=20)
        seconds = monotonic() - began
    turns = await _superuser(infra, context, "select count(*) from removals")
    assert 0 < (turns - 1) * context.settings.relay_gathering_seconds <= seconds, (turns, seconds)


async def test_what_another_process_says_meanwhile_goes_once_it_has_gathered(open_toy: OpenToy) -> None:
    """Red where the relay then waits for a commit of its own process, or for its next poll."""
    context, other = await open_toy(), await open_toy()
    relay = Relay(context)
    relay._gathering = 1.0  # longer than any acknowledgement takes, and any poll
    lease = await relay._claim()
    await _say(other, "a")
    lease, idle = await relay._turn(lease)
    assert idle == 0.0
    await _say(other, "b")
    lease, idle = await relay._turn(lease)
    await relay._rest(asyncio.Event(), idle, wakes=True)
    await relay._turn(lease)
    await relay._end_of_removal()
    await relay._drop_producers()
    assert await _empty(context)


async def test_what_rounding_leaves_of_the_gathering_is_not_waited_for(
    open_toy: OpenToy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red where the relay turns without reading until the loop's clock, of whole milliseconds, goes on."""
    context = await open_toy()
    relay = Relay(context)
    lease = await relay._claim()
    await _say(context, "a")
    moment = now()
    monkeypatch.setattr("chassis.relay.now", lambda: moment)
    relay._gathers_until = moment + 1e-9
    await relay._turn(lease)
    await relay._end_of_removal()
    await relay._drop_producers()
    assert await _empty(context)


async def test_a_few_rows_go_by_one_producer_and_many_by_all(open_toy: OpenToy, common: CommonSettings) -> None:
    context = await open_toy()
    used: set[int] = set()

    def noted(settings: CommonSettings) -> Any:
        made: Any = kafka.producer(settings)
        send = made.send_batch

        async def noting(*what: Any, **where: Any) -> Any:
            used.add(id(made))
            return await send(*what, **where)

        made.send_batch = noting
        return made

    lanes = Lanes(kafka.Clients(producer=noted), common)
    try:
        for rows, alone in ((FEW, True), (20 * FEW, True), (20 * FEW, False), (FEW, False)):
            used.clear()
            await _sent(context, lanes, rows, alone=alone)
            assert (len(used) == 1) == lanes.narrow == (rows == FEW and alone), (rows, alone, len(used))
    finally:
        await lanes.abandon()


async def _say(context: Context, tally: str) -> None:
    async with context.database.unit_of_work() as uow:
        uow.publish(Say(toy.TotalV1(tally=tally, total=1), 1), Cause("c-1"))


async def _sent(context: Context, lanes: Lanes, rows: int, *, alone: bool) -> None:
    async with context.database.unit_of_work() as uow:
        said = [uow.prepare(Say(toy.TotalV1(tally=f"t{n}", total=1), 1), Cause("c-1")) for n in range(rows)]
    acks: list[asyncio.Future[Any] | None] = [None] * rows
    sent = [(n, each.topic, each.key, each.headers, each.payload) for n, each in enumerate(said)]
    await lanes.send(sent, acks, alone=alone)
    async with asyncio.timeout(20):
        await asyncio.gather(*filter(None, acks))


async def _handled(context: Context, expected: int) -> bool:
    row = await context.database.fetchrow("select count(*) as n from seen_versions")
    assert row["n"] == expected, row
    return True


async def _empty(context: Context) -> bool:
    row = await context.database.fetchrow("select count(*) as n from outbox")
    assert row["n"] == 0, row
    return True


async def _superuser(infra: Infrastructure, context: Context, statements: str) -> Any:
    """The first value that they answer, where they are one that answers."""
    database = context.settings.dsn.rpartition("/")[2]
    connection = await asyncpg.connect(infra.superuser_dsn, database=database)
    try:
        return await (connection.fetchval if statements.startswith("select") else connection.execute)(statements)
    finally:
        await connection.close()
