"""What the relay promises: all that was said arrives, in order, and leaves the outbox only then."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any

import asyncpg
import orjson
import pytest

from chassis.failures import NotNow
from chassis.ids import uuid7
from chassis.lease import CLAIM, LEASE, SAFETY_SECONDS, Lease
from chassis.outbox import LARGEST_PAYLOAD_BYTES
from chassis.produce import Sent
from chassis.relay import BYTES, READ, REMOVE, STANDBY_SECONDS, Relay
from chassis.service import Context
from chassis.settings import CommonSettings
from chassis.unit_of_work import Cause
from schemas.envelope import Say
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.running import everything, relaying

OpenToy = Callable[[], Awaitable[Context]]


async def say(context: Context, tally: str, versions: range) -> None:
    async with context.database.unit_of_work() as uow:
        for version in versions:
            uow.publish(Say(toy.TotalV1(tally=tally, total=version), version), Cause("c-1", traceparent=None))


async def say_largest(context: Context, times: int) -> None:
    """Events as large as may be, after one that is there."""
    await context.database.execute(
        """insert into outbox (event_id, topic, key, aggregate_id, version, headers, payload)
           select event_id, topic, key, aggregate_id, n + 1, headers, $1
             from (select * from outbox order by id limit 1) one, generate_series(1, $2) n""",
        b"x" * LARGEST_PAYLOAD_BYTES,
        times,
    )


async def outbox_is_empty(context: Context) -> bool:
    row = await context.database.fetchrow("select count(*) as left from outbox")
    assert row["left"] == 0, row["left"]
    return True


async def test_all_that_was_said_arrives_in_order_with_key_and_headers(
    open_toy: OpenToy, common: CommonSettings
) -> None:
    context = await open_toy()
    for tally in ("a", "b"):
        await say(context, tally, range(1, 300))
    async with relaying(context):
        await say(context, "a", range(300, 400))
        await eventually(lambda: outbox_is_empty(context), within=15)
    sent = [orjson.loads(value or b"") for _, value in await everything(common, "toy-totals")]
    for tally, last in (("a", 400), ("b", 300)):
        assert [int(each["sequence"]) for each in sent if each["subject"] == tally] == list(range(1, last))


async def test_only_one_of_two_replicas_sends_and_the_other_takes_over(
    open_toy: OpenToy, common: CommonSettings
) -> None:
    first, second = await open_toy(), await open_toy()
    async with relaying(second):
        async with relaying(first):
            await say(first, "a", range(1, 200))
            await say(second, "b", range(1, 200))
            await eventually(lambda: outbox_is_empty(first), within=15)
        await say(first, "a", range(200, 300))
        await eventually(lambda: outbox_is_empty(first), within=15)
    assert len(await everything(common, "toy-totals")) == 199 * 2 + 100


async def test_a_removal_waits_for_no_disk_and_what_was_said_does(open_toy: OpenToy) -> None:
    """What is read next waits for the removal of what was sent; that one is lost costs a repetition, an event more."""
    context = await open_toy()
    await say(context, "a", range(1, 2))
    owner = uuid7()
    async with context.database.unit_of_work() as uow:
        assert await uow.connection.fetchval("show synchronous_commit") == "on"
        epoch = await uow.connection.fetchval(CLAIM, owner, LEASE)
        (row,) = await uow.connection.fetch(READ, 1)
        assert await uow.connection.execute(REMOVE, [row["id"]], owner, epoch) == "DELETE 1"
        assert await uow.connection.fetchval("show synchronous_commit") == "off"
    async with context.database.unit_of_work() as uow:
        assert await uow.connection.fetchval("show synchronous_commit") == "on"


async def test_a_rolled_back_transaction_says_nothing(open_toy: OpenToy) -> None:
    context = await open_toy()

    async def say_and_fail() -> None:
        async with context.database.unit_of_work() as uow:
            uow.publish(Say(toy.TotalV1(tally="a", total=1), 1), Cause("c-1"))
            await uow.connection.execute("select 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await say_and_fail()
    assert await outbox_is_empty(context)


async def test_what_does_not_fit_into_one_lease_is_sent_in_parts(open_toy: OpenToy) -> None:
    context = await open_toy()
    await say(context, "a", range(1, 300))
    relay = Relay(context)
    lease = await relay._claim()
    assert lease is not None
    tight = Lease(lease.epoch, monotonic() + SAFETY_SECONDS + 0.05)
    left = 299
    for _ in range(200):
        try:
            await relay._turn(tight if tight.left > 0 else await relay._claim())
        except NotNow:
            await relay._drop_producers()
        row = await context.database.fetchrow("select count(*) as left from outbox")
        assert row["left"] <= left
        left = row["left"]
        if left == 0:
            break
    await relay._drop_producers()
    assert left == 0


async def test_a_relay_whose_lease_went_to_another_removes_nothing(open_toy: OpenToy) -> None:
    context = await open_toy()
    await say(context, "a", range(1, 3))
    first, second = Relay(context), Relay(context)
    lease = await first._claim()
    assert lease is not None
    await context.database.execute("update relay_lease set until = '-infinity'")
    assert await second._claim() is not None
    rows = await context.database.fetch("select id from outbox")
    with pytest.raises(NotNow):
        await first._remove([row["id"] for row in rows], lease)
    assert len(await context.database.fetch("select id from outbox")) == 2


async def test_a_row_that_is_committed_late_goes_before_what_its_aggregate_says_afterwards(
    open_toy: OpenToy, common: CommonSettings
) -> None:
    context = await open_toy()
    relay = Relay(context)
    late = context.database.unit_of_work()
    uow = await late.__aenter__()
    uow.publish(Say(toy.TotalV1(tally="a", total=1), 1), Cause("c-1"))
    await uow.flush()
    uow._published.clear()  # it has its id already, and is not visible yet
    await say(context, "b", range(1, 3))
    lease = await relay._claim()
    assert lease is not None
    assert await relay._send(await relay._next_rows(), lease)  # what is visible is under way
    await late.__aexit__(None, None, None)
    await say(context, "a", range(2, 4))
    assert await relay._behind() == []
    for _ in range(6):
        lease, idle = await relay._turn(lease)
        await relay._rest(asyncio.Event(), idle, wakes=True)
    await relay._drop_producers()
    assert await outbox_is_empty(context)
    sent = [orjson.loads(value or b"") for _, value in await everything(common, "toy-totals")]
    assert [each["data"]["total"] for each in sent if each["subject"] == "a"] == [1, 2, 3]


async def test_an_event_as_large_as_an_event_may_be_is_sent(open_toy: OpenToy, common: CommonSettings) -> None:
    context = await open_toy()
    await say(context, "a", range(1, 2))
    await say_largest(context, 1)
    await say(context, "a", range(3, 4))
    async with relaying(context):
        await eventually(lambda: outbox_is_empty(context), within=15)
    assert len(await everything(common, "toy-totals")) == 3


async def test_at_its_end_a_relay_removes_what_is_acknowledged(open_toy: OpenToy, common: CommonSettings) -> None:
    context = await open_toy()
    await say(context, "a", range(1, 300))
    relay, stop = Relay(context), asyncio.Event()
    send = relay._send

    async def send_and_stop(rows: Sequence[Any], lease: Lease) -> bool:
        taken = await send(rows, lease)
        relay._gathers_until = 0.0
        relay._wake.set()  # so that this round does not wait for the answers
        stop.set()
        return taken

    relay._send = send_and_stop  # type: ignore[method-assign]  # it stops the relay in the middle of its work
    await relay.run(stop)
    assert len(await everything(common, "toy-totals")) == 299
    assert await outbox_is_empty(context)


async def test_no_more_is_read_at_once_than_memory_is_meant_for(open_toy: OpenToy) -> None:
    context = await open_toy()
    await say(context, "a", range(1, 2))
    await say_largest(context, 2 * BYTES // LARGEST_PAYLOAD_BYTES)
    sizes = [len(row["payload"]) for row in await context.database.fetch(READ, 1000)]
    assert BYTES <= sum(sizes) <= BYTES + LARGEST_PAYLOAD_BYTES


async def test_what_is_acknowledged_in_part_leaves_the_outbox_although_the_rest_failed(open_toy: OpenToy) -> None:
    context = await open_toy()
    await say(context, "a", range(1, 6))
    relay = Relay(context)
    lease = await relay._claim()
    assert lease is not None
    rows = await context.database.fetch(READ, 1000)
    acks = [asyncio.get_running_loop().create_future() for _ in rows]
    for ack in acks[:2]:
        ack.set_result(None)
    with pytest.raises(NotNow):
        await relay._finish(Sent(rows, acks), lease)
    await relay._drop_producers()
    left = await context.database.fetch("select id from outbox order by id")
    assert [row["id"] for row in left] == [row["id"] for row in rows[2:]]


async def test_a_relay_without_the_lease_asks_for_it_no_more_often_when_something_is_said(open_toy: OpenToy) -> None:
    first, second = await open_toy(), await open_toy()
    asked = 0

    async def counted(query: str, *arguments: object) -> object:
        nonlocal asked
        asked += query == CLAIM
        return await fetchrow(query, *arguments)

    async with relaying(first):
        await say(first, "a", range(1, 2))
        await eventually(lambda: outbox_is_empty(first), within=15)
        fetchrow, second.database.fetchrow = second.database.fetchrow, counted  # type: ignore[method-assign]  # it counts
        async with relaying(second):
            started = monotonic()
            for version in range(2, 30):
                await say(second, "b", range(version, version + 1))
            await eventually(lambda: outbox_is_empty(first), within=15)
            assert asked <= 2 + (monotonic() - started) / STANDBY_SECONDS


async def test_a_lease_that_was_another_relays_meanwhile_ends_what_is_under_way(open_toy: OpenToy) -> None:
    context = await open_toy()
    await say(context, "a", range(1, 4))
    first, second = Relay(context), Relay(context)
    lease = await first._claim()
    assert lease is not None
    assert await first._send(await first._next_rows(), lease)
    await context.database.execute("update relay_lease set until = '-infinity'")
    assert await second._claim() is not None
    await context.database.execute("update relay_lease set until = '-infinity'")
    with pytest.raises(NotNow):
        await first._turn(Lease(lease.epoch, 0.0))
    await first._drop_producers()
    assert len(await context.database.fetch("select from outbox")) == 3
