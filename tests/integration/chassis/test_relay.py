"""What the relay promises: all that was said arrives, in order, and leaves the outbox only then."""

from collections.abc import Awaitable, Callable
from time import monotonic

import asyncpg
import orjson
import pytest

from chassis.failures import NotNow
from chassis.outbox import LARGEST_PAYLOAD_BYTES
from chassis.relay import SAFETY_SECONDS, Lease, Relay, within_bytes
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
    rows = [{"payload": b"x" * 900_000}] * 20
    assert 1 <= len(within_bytes(rows)) < 20
    assert len(within_bytes([{"payload": b"x" * 10_000_000}])) == 1
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
    lease, _ = await relay._turn(None)  # what is visible is under way
    await late.__aexit__(None, None, None)
    await say(context, "a", range(2, 4))
    for _ in range(4):
        lease, _ = await relay._turn(lease)
    await relay._drop_producers()
    assert await outbox_is_empty(context)
    sent = [orjson.loads(value or b"") for _, value in await everything(common, "toy-totals")]
    assert [each["data"]["total"] for each in sent if each["subject"] == "a"] == [1, 2, 3]


async def test_an_event_as_large_as_an_event_may_be_is_sent(open_toy: OpenToy, common: CommonSettings) -> None:
    context = await open_toy()
    await say(context, "a", range(1, 2))
    await context.database.execute(
        """insert into outbox (event_id, topic, key, aggregate_id, version, headers, payload)
           select event_id, topic, key, aggregate_id, 2, headers, $1 from outbox""",
        b"x" * LARGEST_PAYLOAD_BYTES,
    )
    await say(context, "a", range(3, 4))
    async with relaying(context):
        await eventually(lambda: outbox_is_empty(context), within=15)
    assert len(await everything(common, "toy-totals")) == 3


async def test_at_its_end_a_relay_removes_what_is_acknowledged(open_toy: OpenToy, common: CommonSettings) -> None:
    context = await open_toy()
    await say(context, "a", range(1, 300))
    async with relaying(context):
        await eventually(lambda: there_is_something(common), within=15)
    assert len(await everything(common, "toy-totals")) == 299
    assert await outbox_is_empty(context)


async def there_is_something(common: CommonSettings) -> bool:
    assert await everything(common, "toy-totals")
    return True
