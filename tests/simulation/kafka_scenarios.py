"""What is asked of Kafka's clients, real or model, and must be so with both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, NoOffsetForPartitionError, OffsetOutOfRangeError

from chassis import kafka
from chassis.produce import partition_of
from chassis.settings import CommonSettings
from tests.eventually import eventually

PARTITIONS = 3


class Listener(kafka.ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Notes what a member was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, set[TopicPartition]]] = []

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.told.append(("revoked", set(revoked)))

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.told.append(("assigned", set(assigned)))


@dataclass(frozen=True)
class Stand:
    """A broker with one topic of three partitions, and who makes clients of it."""

    clients: kafka.Clients
    common: CommonSettings

    @property
    def topic(self) -> str:
        return self.common.topic_prefix + "toy-events"

    @property
    def places(self) -> list[TopicPartition]:
        return [TopicPartition(self.topic, number) for number in range(PARTITIONS)]

    @asynccontextmanager
    async def member(self, listener: Listener | None = None) -> AsyncIterator[Any]:
        consumer = self.clients.consumer(self.common, "toy")
        consumer.subscribe([self.topic], listener=listener)
        await consumer.start()
        try:
            yield consumer
        finally:
            await self.clients.leave(consumer)

    async def send(self, *keys: str) -> list[Any]:
        producer = self.clients.producer(self.common)
        await producer.start()
        acks = [await producer.send(self.topic, b"v", key=key.encode(), headers=[("n", b"x")]) for key in keys]
        await asyncio.wait(acks)
        await producer.stop()
        return acks


async def reads(consumer: Any, count: int, most: int | None = None) -> list[Any]:
    """So many records, in the order in which each partition gave them."""
    found: list[Any] = []

    async def all_are_there() -> bool:
        for records in (await consumer.getmany(timeout_ms=200, max_records=most)).values():
            assert most is None or len(records) <= most
            found.extend(records)
        return len(found) >= count

    await eventually(all_are_there, within=20)
    return found


def from_the_beginning(consumer: Any) -> None:
    for place in consumer.assignment():
        consumer.seek(place, 0)


async def what_is_sent_is_read_in_order_from_the_partition_of_its_key(on: Stand) -> None:
    keys = ["a", "b", "c", "d", "a", "b", "a"]
    await on.send(*keys)
    async with on.member() as consumer:
        from_the_beginning(consumer)
        found = await reads(consumer, len(keys), most=2)
    for number in range(PARTITIONS):
        here = [record for record in found if record.partition == number]
        assert [record.offset for record in here] == list(range(len(here)))
        expected = [key.encode() for key in keys if partition_of(key.encode(), PARTITIONS) == number]
        assert [record.key for record in here] == expected
    assert {(record.topic, record.value, tuple(record.headers)) for record in found} == {
        (on.topic, b"v", (("n", b"x"),))
    }


async def a_batch_is_acknowledged_as_one(on: Stand) -> None:
    producer = on.clients.producer(on.common)
    await producer.start()
    assert await producer.partitions_for(on.topic) == set(range(PARTITIONS))
    batch = producer.create_batch()
    for number in range(3):
        assert batch.append(timestamp=None, key=b"k", value=b"%d" % number, headers=[]) is not None
    batch.close()
    ack = await producer.send_batch(batch, on.topic, partition=1)
    await asyncio.wait([ack])
    assert ack.exception() is None
    await producer.stop()
    async with on.member() as consumer:
        from_the_beginning(consumer)
        found = await reads(consumer, 3)
    assert [(record.partition, record.value) for record in found] == [(1, b"0"), (1, b"1"), (1, b"2")]


async def a_producer_that_was_abandoned_sends_nothing_more(on: Stand) -> None:
    producer = on.clients.producer(on.common)
    await producer.start()
    await asyncio.wait([await producer.send(on.topic, b"v", key=b"a")])
    await on.clients.abandon(producer)
    batch = producer.create_batch()
    batch.append(timestamp=None, key=b"a", value=b"late", headers=[])
    ack = await producer.send_batch(batch, on.topic, partition=0)
    done, _ = await asyncio.wait([ack], timeout=0.5)
    assert not done
    ack.cancel()
    async with on.member() as consumer:
        assert sum((await consumer.end_offsets(on.places)).values()) == 1


async def without_an_offset_nothing_is_read_until_one_seeks(on: Stand) -> None:
    await on.send("a", "b", "c")
    async with on.member() as consumer:
        with pytest.raises(NoOffsetForPartitionError):
            await reads(consumer, 1)
        consumer.pause(*on.places)
        with pytest.raises(NoOffsetForPartitionError):
            await reads(consumer, 1)
        consumer.resume(*on.places)
        from_the_beginning(consumer)
        assert len(await reads(consumer, 3)) == 3
        assert await consumer.getmany(timeout_ms=50) == {}


async def beyond_the_end_there_is_nothing(on: Stand) -> None:
    await on.send("a")
    async with on.member() as consumer:
        assert set((await consumer.beginning_offsets(on.places)).values()) == {0}
        assert sum((await consumer.end_offsets(on.places)).values()) == 1
        for place in on.places:
            consumer.seek(place, 5)
        with pytest.raises(OffsetOutOfRangeError):
            await reads(consumer, 1)


async def what_is_paused_is_not_read(on: Stand) -> None:
    await on.send("a", "b", "c", "d")
    paused = TopicPartition(on.topic, partition_of(b"a", PARTITIONS))
    behind = sum(partition_of(key, PARTITIONS) == paused.partition for key in (b"a", b"b", b"c", b"d"))
    async with on.member() as consumer:
        from_the_beginning(consumer)
        consumer.pause(paused)
        found = await reads(consumer, 4 - behind)
        assert await consumer.getmany(timeout_ms=300) == {}
        assert paused.partition not in {record.partition for record in found}
        consumer.resume(paused)
        assert len(await reads(consumer, behind)) == behind


async def a_new_member_goes_on_where_the_group_has_committed(on: Stand) -> None:
    await on.send("a", "a", "a")
    place = TopicPartition(on.topic, partition_of(b"a", PARTITIONS))
    async with on.member() as consumer:
        await consumer.commit(dict.fromkeys(on.places, 0) | {place: 2})
    async with on.member() as consumer:
        assert [record.offset for record in await reads(consumer, 1)] == [2]


async def what_is_not_assigned_cannot_be_used(on: Stand) -> None:
    stranger = TopicPartition(on.topic, 9)
    async with on.member() as consumer:
        with pytest.raises(IllegalStateError):
            consumer.seek(stranger, 0)
        with pytest.raises(IllegalStateError):
            consumer.pause(stranger)
        with pytest.raises(IllegalStateError):
            consumer.resume(stranger)
        with pytest.raises(IllegalStateError):
            await consumer.commit({stranger: 1})


async def members_share_what_there_is(on: Stand) -> None:
    """Whoever joins takes over only what was revoked before; whoever leaves gives it back."""
    first, second = Listener(), Listener()
    async with on.member(first) as one:
        assert first.told == [("revoked", set()), ("assigned", set(on.places))]
        async with polled(one), on.member(second) as other:
            await eventually(lambda: _shared(on, one, other), within=20)
            assert first.told[2] == ("revoked", set(on.places))
            await eventually(lambda: _told(first, one), within=20)
            await eventually(lambda: _told(second, other), within=20)
        async with polled(one):
            await eventually(lambda: _has_all(on, one), within=20)
            await eventually(lambda: _told(first, one), within=20)
        assert [what for what, _ in first.told] == ["revoked", "assigned"] * (len(first.told) // 2)


async def _shared(on: Stand, one: Any, other: Any) -> bool:
    mine, others = set(one.assignment()), set(other.assignment())
    return bool(mine and others) and not mine & others and mine | others == set(on.places)


async def _told(listener: Listener, consumer: Any) -> bool:
    """The last that a member was told is what it has."""
    return listener.told[-1] == ("assigned", set(consumer.assignment()))


async def _has_all(on: Stand, one: Any) -> bool:
    return set(one.assignment()) == set(on.places)


@asynccontextmanager
async def polled(consumer: Any) -> AsyncIterator[None]:
    """As long as this lasts the member asks for records, as a member must."""

    async def poll() -> None:
        while True:
            with suppress(NoOffsetForPartitionError):
                await consumer.getmany(timeout_ms=100)

    task = asyncio.ensure_future(poll())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


SCENARIOS = [
    what_is_sent_is_read_in_order_from_the_partition_of_its_key,
    a_batch_is_acknowledged_as_one,
    a_producer_that_was_abandoned_sends_nothing_more,
    without_an_offset_nothing_is_read_until_one_seeks,
    beyond_the_end_there_is_nothing,
    what_is_paused_is_not_read,
    a_new_member_goes_on_where_the_group_has_committed,
    what_is_not_assigned_cannot_be_used,
    members_share_what_there_is,
]
