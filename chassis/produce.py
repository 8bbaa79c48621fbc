"""Hands outbox rows to Kafka: whole batches of one partition each, and several requests under way."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import unpack_from
from typing import Any

import orjson

from chassis.kafka import Clients
from chassis.settings import CommonSettings

Ack = asyncio.Future[Any]
Place = tuple[str, int]
KEYS_KEPT = 65_536
LANES = 4
FEW = 8
"""Rows that go by one producer: a request costs as much for one partition as for several."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Rows on their way, each with the future of its acknowledgement once Kafka's client has it."""

    rows: Sequence[Any]
    acks: Sequence[Ack | None]

    def forget(self) -> None:
        """Nobody looks any more at what becomes of them."""
        for ack in self.acks:
            if ack is not None and not ack.cancel() and not ack.cancelled():
                ack.exception()  # looked at, so that the event loop does not complain of it

    async def first_answer(self) -> None:
        """Ends when Kafka has answered for some of the rows."""
        acks = {ack for ack in self.acks if ack is not None}
        if acks:
            await asyncio.wait(acks, return_when=asyncio.FIRST_COMPLETED)

    async def answers(self) -> None:
        """Ends when Kafka has answered for all that its client has."""
        pending = {ack for ack in self.acks if ack is not None and not ack.done()}
        if pending:
            await asyncio.wait(pending)

    def acknowledged(self) -> int:
        """How many of the rows, from the first on, Kafka has."""
        count = 0
        for ack in self.acks:
            if ack is None or not ack.done() or ack.cancelled() or ack.exception() is not None:
                break
            count += 1
        return count


class Lanes:
    """Producers that share the partitions among them, so that each partition has one and keeps its order.

    A client has one request under way. Where the broker syncs each partition of a request before it answers, one client
    alone would wait for that most of the time. Where nothing is under way, a few rows go by one of them for all
    partitions (`narrow`); nothing may be sent then until they are acknowledged, since it could overtake them.
    """

    def __init__(self, clients: Clients, common: CommonSettings) -> None:
        self._clients = clients
        self._prefix = common.topic_prefix
        self._producers = [clients.producer(common) for _ in range(LANES)]
        self._started = False
        self.narrow = False

    async def send(self, rows: Sequence[Any], acks: list[Ack | None], *, alone: bool) -> None:
        """Sends rows (id, topic, key, headers, payload), in order on each partition.

        `alone`: all that was sent before is acknowledged, which it must be where that was `narrow`.
        `acks`: as long as `rows`. A row's future of its acknowledgement is put at its place once a client has the row,
        so that it is known after a failure or a cancellation how far this came. Raises KafkaError.
        """
        if not self._started:
            outcomes = await asyncio.gather(*(each.start() for each in self._producers), return_exceptions=True)
            for failure in filter(None, outcomes):
                raise failure
            self._started = True
        self.narrow = alone and len(rows) <= FEW
        lanes = 1 if self.narrow else LANES
        open_batches: dict[Place, _Batch] = {}
        counts: dict[str, int] = {}
        for position, (_, topic, text, headers, payload) in enumerate(rows):
            key = None if text is None else text.encode()
            count = counts.get(topic)
            if count is None:
                count = counts[topic] = await self._partitions(self._prefix + topic)
            place = self._prefix + topic, random.randrange(count) if key is None else partition_of(key, count)
            batch = open_batches.get(place)
            if batch is None:
                batch = open_batches[place] = _Batch(self._producers[place[1] % lanes])
            named = [(name, value.encode()) for name, value in orjson.loads(headers).items()]
            while not batch.add(position, key, payload, named):
                await batch.send(place, acks)
                batch = open_batches[place] = _Batch(self._producers[place[1] % lanes])
        for place, batch in open_batches.items():
            await batch.send(place, acks)

    async def _partitions(self, topic: str) -> int:
        """As many as each of the clients knows of: where there are more now, these do not hear of it all at once."""
        return min([len(await each.partitions_for(topic)) for each in self._producers])

    async def abandon(self) -> None:
        """Ends them without sending what they have."""
        ends = (self._clients.abandon(producer) for producer in self._producers)
        await asyncio.gather(*ends, return_exceptions=True)


class _Batch:
    """Records of one partition that the client has not yet."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._builder = producer.create_batch()
        self._positions: list[int] = []

    def add(self, position: int, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]]) -> bool:
        """False where it is full; an empty one takes a record of any size."""
        if self._builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
            return False
        self._positions.append(position)
        return True

    async def send(self, place: Place, acks: list[Ack | None]) -> None:
        self._builder.close()
        topic, partition = place
        ack = await self._producer.send_batch(self._builder, topic, partition=partition)
        for position in self._positions:
            acks[position] = ack


@lru_cache(KEYS_KEPT)
def partition_of(key: bytes, count: int) -> int:
    """The partition of a key among `count`: murmur2 as Kafka's own clients have it, so that all agree."""
    whole = len(key) // 4
    hashed = 0x9747B28C ^ len(key)
    for word in unpack_from(f"<{whole}I", key):
        mixed = word * 0x5BD1E995 & 0xFFFFFFFF
        hashed = (hashed * 0x5BD1E995 ^ (mixed ^ mixed >> 24) * 0x5BD1E995) & 0xFFFFFFFF
    if rest := key[whole * 4 :]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & 0xFFFFFFFF
    hashed = (hashed ^ hashed >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return ((hashed ^ hashed >> 15) & 0x7FFFFFFF) % count
