"""A consumer of the model broker, as aiokafka has it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from chassis import kafka
from tests.simulation.broker import Broker, Record, connected
from tests.simulation.virtual import SERVER, Process, settle


class Consumer:
    """A member of a group, without auto commit and without any reset."""

    def __init__(self, broker: Broker, process: Process, group: str) -> None:
        self.process = process
        self.topics: list[str] = []
        self.stopped = False
        self._broker = broker
        self._group = broker.group(group)
        self._listener: Any = None
        self._generation = -1
        self._positions: dict[TopicPartition, int | None] = {}
        self._paused: set[TopicPartition] = set()
        self._reassigned: asyncio.Future[None] = broker.loop.create_future()
        self._again = False
        self._arrival: asyncio.Future[None] | None = None

    def subscribe(self, topics: Sequence[str], listener: Any = None) -> None:
        self.topics = list(topics)
        self._listener = listener

    async def start(self) -> None:
        await connected(self._broker)
        self._broker.watch(self)
        self.process.spawn(self._rejoined())
        await asyncio.shield(self._reassigned)

    async def stop(self) -> None:
        self.process.alive()
        self.stopped = True
        self._broker.forget(self)
        if self._broker.away:  # it goes without a farewell
            session = kafka.SESSION_MS / 1000
            self._broker.loop.call_later(session, self._broker.arrive, self._group.leave, self, context=SERVER)
        else:
            self._broker.ask(self._group.leave, self)
        await asyncio.sleep(self._broker.chance.way())

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._positions)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._assigned(place)
        self._positions[place] = offset

    def pause(self, *places: TopicPartition) -> None:
        for place in places:
            self._assigned(place)
            self._paused.add(place)

    def resume(self, *places: TopicPartition) -> None:
        for place in places:
            self._assigned(place)
            self._paused.discard(place)

    def _assigned(self, place: TopicPartition) -> None:
        if place not in self._positions:
            raise IllegalStateError(f"{place} is not assigned")

    async def getmany(
        self, *, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Record]]:
        """While the group rebalances this waits for its end, however long `timeout_ms` is."""
        loop = self._broker.loop
        until = loop.time() + timeout_ms / 1000
        while True:
            self.process.alive()
            if self.stopped:
                raise ConsumerStoppedError
            if not self._reassigned.done():
                await asyncio.shield(self._reassigned)
                continue
            found = {} if self._broker.away else await self._taken(max_records or 10_000)
            if found or loop.time() >= until:
                return found
            self._arrival = loop.create_future()
            timer = loop.call_later(until - loop.time(), settle, self._arrival, None, context=SERVER)
            await self._arrival
            timer.cancel()

    async def _taken(self, most: int) -> dict[TopicPartition, list[Record]]:
        try:
            return self._take(most)
        except KafkaError:
            await asyncio.sleep(self._broker.chance.way())  # it took a request to learn of it
            raise

    def _take(self, most: int) -> dict[TopicPartition, list[Record]]:
        found: dict[TopicPartition, list[Record]] = {}
        chance = self._broker.chance
        if chance.random() < 0.3:
            most = min(most, chance.randint(1, 4))
        places = list(self._positions)
        chance.shuffle(places)
        for place in places:
            position = self._positions[place]
            if position is None:
                position = self._positions[place] = self._group.committed.get(place)
            if position is None or not self._broker.begin(place) <= position <= len(self._broker.logs[place]):
                if found:
                    break
                raise NoOffsetForPartitionError(place) if position is None else OffsetOutOfRangeError({place: position})
            records = [] if place in self._paused else self._broker.read(place, position, most)
            if records:
                found[place] = records
                self._positions[place] = position + len(records)
                most -= len(records)
            if not most:
                break
        return found

    def ask(self, least_bytes: int, seconds: float) -> None:
        """Nothing: at a model broker each poll finds all that is there."""

    def wake(self) -> None:
        if self._arrival is not None:
            settle(self._arrival, None)

    async def beginning_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        begins: dict[TopicPartition, int] = await self._ask(
            lambda: {place: self._broker.begin(place) for place in places}
        )
        return begins

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = await self._ask(
            lambda: {place: len(self._broker.logs[place]) for place in places}
        )
        return ends

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        for place in offsets:
            self._assigned(place)
        generation = self._generation
        if not await self._ask(lambda: self._group.commit(self, generation, offsets)):
            raise CommitFailedError

    async def _ask(self, what: Any) -> Any:
        self.process.alive()
        answer = self._broker.loop.create_future()

        def work() -> None:
            self._broker.loop.call_later(self._broker.chance.way(), settle, answer, what(), context=SERVER)

        self._broker.ask(work)
        return await answer

    def rejoin(self) -> None:
        """A heartbeat was answered with: the group rebalances, or knows this member no more."""
        if self.stopped or self.process.dead:
            return
        if not self._reassigned.done():
            self._again = True
            return
        self._reassigned = self._broker.loop.create_future()
        self.process.spawn(self._rejoined())

    async def _rejoined(self) -> None:
        if self._listener is not None:
            await self._listener.on_partitions_revoked(set(self._positions))
        self.process.alive()
        self._broker.ask(self._group.join, self)

    def take(self, generation: int, places: Sequence[TopicPartition]) -> None:
        """The end of a rebalance: what is this member's from now on, with positions as the group has committed them."""
        if self.stopped or self.process.dead:
            return
        self._generation = generation
        self._positions = {place: self._group.committed.get(place) for place in places}
        self._paused = set()
        if self._listener is not None:
            self._listener.on_partitions_assigned(set(places))
        settle(self._reassigned, None)
        self.wake()
        if self._again:
            self._again = False
            self.rejoin()


async def leave(consumer: Consumer) -> None:
    """Ends a consumer."""
    await consumer.stop()
