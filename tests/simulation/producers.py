"""A producer of the model broker, as aiokafka has it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition

from chassis.produce import partition_of
from tests.simulation.broker import Broker, connected
from tests.simulation.virtual import SERVER, Process, settle

Headers = Sequence[tuple[str, bytes]]


class Batch:
    """Records for one partition, that are sent together."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes | None, Headers]] = []

    def append(self, *, timestamp: Any, key: bytes | None, value: bytes | None, headers: Headers) -> Any:  # noqa: ARG002  # as aiokafka
        self.records.append((key, value, headers))
        return self.records

    def close(self) -> None:
        """It is sent as it is."""


class _Request:
    """A batch on its way to the broker."""

    def __init__(self, place: TopicPartition, batch: Batch, ack: "asyncio.Future[Any]") -> None:
        self.place, self.batch, self.ack = place, batch, ack
        self.lost = False
        self.later = 0.0


class Producer:
    """Idempotent, acks=all: one request under way for each partition, asked again for as long as it takes."""

    def __init__(self, broker: Broker, process: Process) -> None:
        self.process = process
        self._broker = broker
        self._queues: dict[TopicPartition, deque[_Request]] = {}
        self._under_way: dict[TopicPartition, _Request] = {}
        self._closed = False

    async def start(self) -> None:
        await connected(self._broker)

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(self._broker.partitions[topic]))

    def create_batch(self) -> Batch:
        return Batch()

    async def send(
        self, topic: str, value: bytes | None, *, key: bytes | None = None, headers: Headers = ()
    ) -> "asyncio.Future[Any]":
        count = self._broker.partitions[topic]
        batch = Batch()
        batch.append(timestamp=None, key=key, value=value, headers=headers)
        partition = self._broker.chance.randrange(count) if key is None else partition_of(key, count)
        return await self.send_batch(batch, topic, partition=partition)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        self.process.alive()
        ack = self._broker.loop.create_future()
        place = TopicPartition(topic, partition)
        self._queues.setdefault(place, deque()).append(_Request(place, batch, ack))
        self._broker.loop.call_soon(self._next, place)
        return ack

    def _next(self, place: TopicPartition) -> None:
        if self._closed or self.process.dead or place in self._under_way or not self._queues.get(place):
            return
        request = self._under_way[place] = self._queues[place].popleft()
        self._broker.ask(self._arrived, request)

    def _arrived(self, request: _Request) -> None:
        broker = self._broker
        if request.lost:
            return
        if request.later:
            later, request.later = request.later, 0.0
            broker.loop.call_later(later, broker.arrive, self._arrived, request, context=SERVER)
            return
        offset = len(broker.logs[request.place])
        for key, value, headers in request.batch.records:
            broker.append(request.place, key, value, headers)
        delay = broker.chance.way() + broker.late
        broker.loop.call_later(delay, self._acked, request, offset, context=self.process.context.copy())

    def _acked(self, request: _Request, offset: int) -> None:
        if self._closed or self.process.dead:
            return
        del self._under_way[request.place]
        settle(request.ack, offset)
        self._next(request.place)

    def drop(self) -> None:
        """Nobody speaks for it any more: what is under way arrives later or never."""
        self._closed = True
        chance = self._broker.chance
        for request in self._under_way.values():
            request.lost = chance.random() < 0.5
            request.later = chance.random() * 8.0 if chance.random() < 0.5 else 0.0
        self._queues.clear()

    async def stop(self) -> None:
        """Waits for everything to be sent, for ever where the broker is away."""
        for requests in (*self._queues.values(), self._under_way.values()):
            for request in list(requests):
                await asyncio.wait([request.ack])
        self._closed = True


async def abandon(producer: Producer) -> None:
    """Ends a producer without sending what is left in it."""
    producer.process.alive()
    producer.drop()
    await asyncio.sleep(producer._broker.chance.way())
