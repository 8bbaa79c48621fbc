"""A model of Kafka's broker: topics of partitions, and the coordinator of consumer groups.

With its clients (consumers, producers) it is held to the same tests as the real one (test_broker_contract).
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from chassis import kafka
from tests.simulation.chance import Chance
from tests.simulation.virtual import SERVER, VirtualLoop, current


class Record:
    """A message as it stands in a partition."""

    __slots__ = ("headers", "key", "offset", "partition", "topic", "value")

    def __init__(
        self, place: TopicPartition, offset: int, key: bytes | None, value: bytes | None, headers: Any
    ) -> None:
        self.topic, self.partition = place
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers


class Broker:
    """One broker. While it is away nothing is lost: requests come to it when it is back."""

    def __init__(self, loop: VirtualLoop, chance: Chance, topics: Mapping[str, int]) -> None:
        self.loop = loop
        self.chance = chance
        self.partitions = dict(topics)
        self.logs: dict[TopicPartition, list[Record]] = {
            TopicPartition(topic, number): [] for topic, count in topics.items() for number in range(count)
        }
        self.begins: dict[TopicPartition, int] = {}
        self.groups: dict[str, Group] = {}
        self.away = False
        self.back_at = 0.0
        self.late = 0.0
        self._waiting: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._readers: dict[Any, None] = {}

    def group(self, name: str) -> "Group":
        if name not in self.groups:
            self.groups[name] = Group(self)
        return self.groups[name]

    def ask(self, what: Callable[..., None], *about: Any) -> None:
        """A request on its way; it is done when it has come and the broker is there."""
        self.loop.call_later(self.chance.way(), self.arrive, what, *about, context=SERVER)

    def arrive(self, what: Callable[..., None], *about: Any) -> None:
        if self.away:
            self._waiting.append((what, about))
        else:
            what(*about)

    def append(self, place: TopicPartition, key: bytes | None, value: bytes | None, headers: Any) -> Record:
        log = self.logs[place]
        record = Record(place, len(log), key, value, headers)
        log.append(record)
        for reader in list(self._readers):
            if place.topic in reader.topics:
                self.loop.call_later(self.chance.way(), reader.wake, context=SERVER)
        return record

    def read(self, place: TopicPartition, offset: int, most: int) -> list[Record]:
        return self.logs[place][offset : offset + most]

    def begin(self, place: TopicPartition) -> int:
        return self.begins.get(place, 0)

    def cut_before(self, place: TopicPartition, offset: int) -> None:
        """Retention: what is before is gone."""
        self.begins[place] = offset

    def watch(self, reader: Any) -> None:
        self._readers[reader] = None

    def forget(self, reader: Any) -> None:
        self._readers.pop(reader, None)

    def back(self) -> None:
        self.away = False
        self.back_at = self.loop.time()
        waiting, self._waiting = self._waiting, []
        for what, about in waiting:
            self.ask(what, *about)
        for reader in list(self._readers):
            self.loop.call_later(self.chance.way(), reader.wake, context=SERVER)

    def silent(self, process: Any) -> None:
        """No heartbeats come from a process any more: its members are put out after their session."""
        since = self.loop.time()
        for group in self.groups.values():
            for member in list(group.members):
                if member.process is process:
                    self.loop.call_later(kafka.SESSION_MS / 1000, group.expire, member, since, context=SERVER)


class Group:
    """The members of one group, and what is whose. A rebalance waits for all of them, up to a deadline."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.members: dict[Any, bool] = {}  # each consumer, and whether it has joined the rebalance under way
        self.generation = 0
        self.committed: dict[TopicPartition, int] = {}
        self._preparing = 0
        self._rounds = 0

    def join(self, consumer: Any) -> None:
        if consumer.stopped or consumer.process.dead:
            return
        self.members[consumer] = True
        if not self._preparing:
            self._prepare()
        if consumer.process.paused:
            self._broker.silent(consumer.process)
        self._go_on()

    def leave(self, consumer: Any) -> None:
        if self.members.pop(consumer, None) is None:
            return
        if self._preparing:
            self._go_on()
        elif self.members:
            self._prepare()

    def expire(self, consumer: Any, since: float) -> None:
        """Unless it was heard of meanwhile. A broker that comes back gives everybody a new session."""
        session = kafka.SESSION_MS / 1000
        broker = self._broker
        if consumer not in self.members or not consumer.process.silent_since(since):
            return
        if broker.away or broker.loop.time() < broker.back_at + session:
            broker.loop.call_later(session, self.expire, consumer, since, context=SERVER)
            return
        self._put_out(consumer)

    def commit(self, consumer: Any, generation: int, offsets: Mapping[TopicPartition, int]) -> bool:
        if consumer not in self.members or generation != self.generation:
            return False
        self.committed.update(offsets)
        return True

    def _put_out(self, consumer: Any) -> None:
        self.leave(consumer)
        self._tell(consumer)

    def _tell(self, consumer: Any) -> None:
        """The answer to its next heartbeat: it must join, anew or for the first time again."""
        delay = self._broker.chance.random() * kafka.SESSION_MS / 4000 + self._broker.chance.way()
        self._broker.loop.call_later(delay, consumer.rejoin, context=consumer.process.context.copy())

    def _prepare(self) -> None:
        self._rounds += 1
        self._preparing = self._rounds
        for member, joined in self.members.items():
            if not joined:
                self._tell(member)
        self._broker.loop.call_later(kafka.REBALANCE_MS / 1000, self._deadline, self._rounds, context=SERVER)

    def _deadline(self, of: int) -> None:
        if self._preparing == of:
            for member, joined in list(self.members.items()):
                if not joined:
                    self._put_out(member)

    def _go_on(self) -> None:
        if not self._preparing or not self.members or not all(self.members.values()):
            return
        self._preparing = 0
        self.generation += 1
        members = list(self.members)
        topics = sorted({topic for member in members for topic in member.topics})
        places = [place for topic in topics for place in self._broker.logs if place.topic == topic]
        for at, member in enumerate(members):
            self.members[member] = False
            given = [place for number, place in enumerate(places) if number % len(members) == at]
            self._broker.loop.call_later(
                self._broker.chance.way(),
                member.take,
                self.generation,
                given,
                context=member.process.context.copy(),
            )


async def connected(broker: Broker) -> None:
    current()
    await asyncio.sleep(broker.chance.way())
    if broker.away:
        raise KafkaConnectionError("the broker is away")
