"""Promises that hold only because one line does: each of these tests is red where a mutant takes that line out."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from aktivera.local.ports import free_port
from chassis import consumer_offsets, failpoints, kafka
from chassis.batch import handle_batch
from chassis.breaker import Breaker
from chassis.consumer import Consumer
from chassis.consumer_offsets import Offset
from chassis.failpoints import FailpointReached
from chassis.failures import NotNow
from chassis.handling import Change, Record
from chassis.reading import Reading
from chassis.relay import Relay
from chassis.retrier import Replayed
from chassis.service import Context
from chassis.settings import CommonSettings
from chassis.unit_of_work import Cause
from schemas.envelope import Say
from tests.eventually import eventually
from tests.infrastructure import Infrastructure
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming, members, retrier

OpenToy = Callable[[], Awaitable[Context]]


async def counted(context: Context, expected: int) -> bool:
    row = await context.database.fetchrow("select coalesce(sum(total), 0)::int as total from tallies")
    assert row["total"] == expected, row["total"]
    return True


async def records_of(common: CommonSettings, place: TopicPartition, expected: int) -> list[Record]:
    """The first records of a partition, read beside the group."""
    reader = kafka.reader(common)
    await reader.start()
    try:
        reader.assign([place])
        reader.seek(place, 0)
        found: list[Record] = []

        async def all_are_there() -> bool:
            found.extend((await reader.getmany(timeout_ms=500)).get(place, []))
            return len(found) >= expected

        await eventually(all_are_there, within=15)
        return found
    finally:
        await reader.stop()


async def test_a_kafka_offset_that_is_ahead_of_ours_loses_nothing(open_toy: OpenToy, writer: Writer) -> None:
    """Kafka may remember what it likes, even more than we have handled. Red where its offset is taken for ours."""
    context = await open_toy()
    for _ in range(5):
        await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: counted(context, 5), within=15)
    sent = [await writer.send(toy.AddedV1(tally="a")) for _ in range(5)]
    ahead = kafka.consumer(context.common, "toy")
    ahead.subscribe([writer.topic])
    await ahead.start()
    places = await eventually(lambda: _assigned(ahead), within=15)
    ends = await ahead.end_offsets(places)
    await ahead.commit(ends)
    await ahead.stop()
    assert sum(ends.values()) == 5 + len(sent)
    async with consuming(context):
        await eventually(lambda: counted(context, 10), within=15)


async def _assigned(consumer: AIOKafkaConsumer) -> set[TopicPartition]:
    assigned: set[TopicPartition] = consumer.assignment()
    return assigned


async def test_a_batch_whose_effect_is_undone_is_handled_again(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    """Offset and effect are one transaction. Red where the offset is committed before the effect."""
    context = await open_toy()
    for _ in range(5):
        await writer.send(toy.AddedV1(tally="a"))
    failpoints.arm(common.model_copy(update={"failpoint": "consumer.after_apply:raise"}))
    try:
        with pytest.raises(FailpointReached):
            await asyncio.wait_for(Consumer(context, context.subscriptions).run(asyncio.Event()), 20)
    finally:
        failpoints.arm(common)
    await counted(context, 0)
    async with consuming(context):
        await eventually(lambda: counted(context, 5), within=15)


async def test_two_who_think_that_a_partition_is_theirs_handle_it_one_after_the_other(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    """A paused member comes back and is not alone. Red where the offset's row is read without a lock."""
    context = await open_toy()
    sent = await writer.raw("a", b"")
    await writer.send(toy.AddedV1(tally="a"))
    place = TopicPartition(writer.topic, sent.partition)
    records = await records_of(common, place, 2)
    offset = (place.topic, place.partition)
    await consumer_offsets.start(context.database, offset, 1)
    async with context.database.unit_of_work() as uow:
        assert await consumer_offsets.lock(uow, [offset])
        items = await Reading(context.subscriptions, context.service.catalogue).items({place: records})
        other = asyncio.create_task(handle_batch(context, context.subscriptions, items, Breaker()))
        await eventually(lambda: _waits_or_is_done(context, other), within=10)
        await consumer_offsets.advance(uow, {offset: Offset(2, "")})
    assert await asyncio.wait_for(other, 10) == {}
    await counted(context, 0)


async def _waits_or_is_done(context: Context, task: "asyncio.Task[object]") -> bool:
    waiting = await context.database.fetch(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    return task.done() or bool(waiting)


async def test_what_comes_while_its_key_is_retried_waits_for_the_end_of_that(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    """Consumer and retrier lock the key. Red where the consumer does not: its event is held on a key that is free."""
    context = await open_toy()
    toy.FAULTS.add("bug")
    try:
        await writer.send(toy.AddedV1(tally="a", note="bug"))
        async with consuming(context):
            await eventually(lambda: _held(context, "a"), within=15)
    finally:
        toy.FAULTS.discard("bug")
    await writer.send(toy.AddedV1(tally="a"))
    (row,) = await context.database.fetch("select topic, partition from consumer_offsets where next_offset = 1")
    place = TopicPartition(row["topic"], row["partition"])
    records = await records_of(common, place, 2)
    async with context.database.unit_of_work() as uow:
        assert await retrier(context).retry(uow, place.topic, "a", "karin") == Replayed(1, 0)
        items = await Reading(context.subscriptions, context.service.catalogue).items({place: records})
        other = asyncio.create_task(handle_batch(context, context.subscriptions, items, Breaker()))
        await eventually(lambda: _waits_or_is_done(context, other), within=10)
    await asyncio.wait_for(other, 10)
    assert not await _held(context, "a")
    await counted(context, 2)


async def _held(context: Context, key: str) -> bool:
    return bool(await context.database.fetch("select from held_events where key = $1 and settled_at is null", key))


async def test_nothing_goes_before_what_is_held_on_its_key(open_toy: OpenToy, writer: Writer) -> None:
    """Order per key holds over what waits for a person. Red where a follower passes the event that is held."""
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    await writer.send(toy.AddedV1(tally="a"), version=1)
    await writer.send(toy.AddedV1(tally="a"), version=2)
    await writer.send(toy.AddedV1(tally="b"))
    async with consuming(context):
        await eventually(lambda: _handled(context, 4), within=15)
    await counted(context, 2)
    rows = await context.database.fetch("select reason from held_events order by id")
    assert [row["reason"] for row in rows] == ["version_conflict", "follows_held"]


async def _handled(context: Context, expected: int) -> bool:
    row = await context.database.fetchrow("select sum(next_offset)::int as handled from consumer_offsets")
    assert row["handled"] == expected, row["handled"]
    return True


async def test_a_relay_that_has_its_lease_anew_removes_nothing_for_the_old_one(open_toy: OpenToy) -> None:
    """In between another one sent. Red where the owner's name is enough to remove rows, without the epoch."""
    context = await open_toy()
    async with context.database.unit_of_work() as uow:
        uow.publish(Say(toy.TotalV1(tally="a", total=1), 1), Cause("c-1"))
    first, second = Relay(context), Relay(context)
    old = await first._claim()
    for each in (second, first):
        await context.database.execute("update relay_lease set until = '-infinity'")
        assert await each._claim() is not None
    assert old is not None
    with pytest.raises(NotNow):
        await first._remove([row["id"] for row in await context.database.fetch("select id from outbox")], old)
    assert len(await context.database.fetch("select from outbox")) == 1


async def test_what_kafka_did_not_acknowledge_stays_in_the_outbox(open_toy: OpenToy) -> None:
    """A row leaves the outbox only when its event is in the topic. Red where it leaves when it was sent."""
    context = await open_toy()
    async with context.database.unit_of_work() as uow:
        for version in (1, 2, 3):
            uow.publish(Say(toy.TotalV1(tally="a", total=version), version), Cause("c-1"))
    nobody_answers = context.common.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{free_port()}"})
    relay = Relay(replace(context, common=nobody_answers))
    try:
        with suppress(NotNow):
            lease = None
            for _ in range(3):
                lease, _ = await relay._turn(lease)
    finally:
        await relay._drop_producers()
    assert len(await context.database.fetch("select from outbox")) == 3


@pytest.mark.parametrize(("place", "there"), [("before_commit", 0), ("after_commit", 1)])
async def test_an_effect_and_what_is_said_of_it_are_there_both_or_neither(
    open_toy: OpenToy, common: CommonSettings, place: str, there: int
) -> None:
    """Whoever dies around the commit. Red where the outbox is written outside the effect's transaction."""
    context = await open_toy()

    async def count_and_say() -> None:
        async with context.database.unit_of_work() as uow:
            await toy.save(uow, [Change("a", None, toy.Tally(1, 1))])
            uow.publish(Say(toy.TotalV1(tally="a", total=1), 1), Cause("c-1"))

    failpoints.arm(common.model_copy(update={"failpoint": f"unit_of_work.{place}:raise"}))
    try:
        with pytest.raises(FailpointReached):
            await count_and_say()
    finally:
        failpoints.arm(common)
    await counted(context, there)
    assert len(await context.database.fetch("select from outbox")) == there


async def test_a_member_that_waits_for_its_database_stays_in_the_group(
    open_toy: OpenToy, writer: Writer, infra: Infrastructure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away for twice as long as Kafka lets a member not poll. Red where waiting is not polling."""
    monkeypatch.setattr(kafka, "POLL_INTERVAL_MS", 6000)
    context = await open_toy()
    database = urlsplit(context.settings.dsn).path.removeprefix("/")
    await writer.send(toy.AddedV1(tally="a"))
    server = await asyncpg.connect(infra.superuser_dsn)
    try:
        async with consuming(context) as consumer:
            await eventually(lambda: counted(context, 1), within=15)
            before = await members(context)
            await server.execute(f"alter database {database} connection limit 0")
            await server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database)
            await writer.send(toy.AddedV1(tally="a"))
            began = monotonic()

            async def away_for_long() -> bool:
                assert consumer.stopped_by is None
                return monotonic() - began > 12

            await eventually(away_for_long, within=25)
            await server.execute(f"alter database {database} connection limit -1")
            await eventually(lambda: counted(context, 2), within=20)
            assert await members(context) == before
    finally:
        await server.execute(f"alter database {database} connection limit -1")
        await server.close()
