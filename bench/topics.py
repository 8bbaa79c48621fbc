"""What a topic holds: how far it has come, and whether each key's versions came once and in order."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from bench.servers import PARTITIONS


@dataclass
class Read:
    """What stood in a topic."""

    records: int = 0
    different: int = 0
    repeated: int = 0
    out_of_order: int = 0


def _places(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in range(PARTITIONS)]


@asynccontextmanager
async def length(bootstrap: str, topic: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """A function that answers how many records a topic has."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:

        async def ends() -> int:
            return sum((await consumer.end_offsets(_places(topic))).values())

        yield ends


async def read_back(bootstrap: str, topic: str) -> Read:
    """Reads a whole topic. A version that comes again after a higher one is a repeat, not out of order."""
    read, seen, newest = Read(), set[bytes](), dict[bytes, int]()
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, max_partition_fetch_bytes=4 * 1024 * 1024) as consumer:
        places = _places(topic)
        consumer.assign(places)
        await consumer.seek_to_beginning()
        total = sum((await consumer.end_offsets(places)).values())
        while read.records < total:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    _note(record, read, seen, newest)
    return read


def _note(record: Any, read: Read, seen: set[bytes], newest: dict[bytes, int]) -> None:
    read.records += 1
    event_id = dict(record.headers)["ce_id"]
    if event_id in seen:
        read.repeated += 1
        return
    seen.add(event_id)
    read.different += 1
    version = int(orjson.loads(record.value)["sequence"])
    if version != newest.get(record.key, 0) + 1:
        read.out_of_order += 1
    newest[record.key] = version


def members(bootstrap: str, group: str) -> int:
    """How many members of a group have partitions, once the group is stable; else 0."""
    client = AdminClient({"bootstrap.servers": bootstrap})
    try:
        described = client.describe_consumer_groups([group])[group].result(10)
    except KafkaException:  # the group's coordinator is only now made
        return 0
    if described.state.name != "STABLE":
        return 0
    return sum(1 for member in described.members if member.assignment.topic_partitions)
