"""Plays an upstream system on Kafka: sends a request as it is, finds one that was sent, and follows its answers."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.topics import requests_topic, results_topic


class KafkaAway(Exception):  # named after the fact
    """Kafka does not answer."""


@dataclass(frozen=True)
class Sent:
    """A record as it stands, or shall stand, in a source's topic."""

    value: bytes
    headers: Sequence[tuple[str, bytes]]
    key: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """What was said of a request: `kind` is accepted, rejected, listed, …"""

    kind: str
    data: dict[str, Any]
    time: str


class Upstream:
    """One source's two topics."""

    def __init__(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, slug: str | None) -> None:
        self._consumer = consumer
        self._producer = producer
        self._requests = requests_topic(slug)
        self._results = results_topic(slug)

    async def send(self, record: Sent) -> None:
        await self._producer.send_and_wait(self._requests, record.value, record.key, headers=list(record.headers))

    async def sent(self, request_id: str) -> Sent | None:
        """The first record under an id, in either mode; None where the topic has none (any more)."""
        async for record in self._from_the_beginning(self._requests):
            if _id_of(record) == request_id:
                return Sent(record.value, record.headers, record.key)
        return None

    async def answers(self, request_id: str) -> list[Answer]:
        """Everything said of a request until now."""
        return [each async for each in self._told(self._from_the_beginning(self._results), request_id)]

    async def follow(self, request_id: str, after: int, until: str) -> AsyncIterator[Answer]:
        """What is said of a request beyond the first `after` answers, until it is refused or has come so far."""
        seen = 0
        places = await self._places(self._results)
        self._consumer.assign(places)
        await self._consumer.seek_to_beginning(*places)
        async for answer in self._told(self._consumer, request_id):
            seen += 1
            if seen <= after:
                continue
            yield answer
            if answer.kind in {until, "rejected"}:
                return

    async def _told(self, records: AsyncIterator[Any], request_id: str) -> AsyncIterator[Answer]:
        async for record in records:
            event = event_in(record.value)
            if event is not None and event["data"].get("request_id") == request_id:
                yield Answer(event["type"].split(".")[-2], event["data"], event["time"])

    async def _from_the_beginning(self, topic: str) -> AsyncIterator[Any]:
        """The records that there are now."""
        places = await self._places(topic)
        self._consumer.assign(places)
        await self._consumer.seek_to_beginning(*places)
        ends = await self._consumer.end_offsets(places)
        for place in places:
            while await self._consumer.position(place) < ends[place]:
                for records in (await self._consumer.getmany(place, timeout_ms=500)).values():
                    for record in records:
                        yield record

    async def _places(self, topic: str) -> list[TopicPartition]:
        """The topic's partitions. The client knows those of topics it has asked for alone."""
        await self._producer.partitions_for(topic)
        numbers = sorted(await self._producer.partitions_for(topic))
        return [TopicPartition(topic, number) for number in numbers]


@asynccontextmanager
async def upstream(bootstrap: str, seconds: float, slug: str | None = None) -> AsyncIterator[Upstream]:
    """A source, for so many seconds. Raises KafkaAway, and TimeoutError once they are over."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what is wrong is said once, in our words
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    try:
        async with asyncio.timeout(seconds):
            await consumer.start()
            await producer.start()
            yield Upstream(consumer, producer, slug)
    except (KafkaError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise
        raise KafkaAway(f"Kafka does not answer at {bootstrap} ({type(error).__name__})") from None
    finally:
        await consumer.stop()
        await producer.stop()


def event_in(value: bytes | None) -> dict[str, Any] | None:
    """The event of a record; None where it holds none, since a topic may hold anything."""
    found = _object_in(value)
    return found if found and isinstance(found.get("data"), dict) and isinstance(found.get("type"), str) else None


def _object_in(value: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _id_of(record: Any) -> str | None:
    for name, value in record.headers:
        if name.lower() == "ce_id":
            return str(value.decode("utf-8", "replace"))
    document = _object_in(record.value)
    return None if document is None else document.get("id")
