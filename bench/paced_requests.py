"""Requests of upstream at intended moments, open loop, and what each one waits for on its way to its answer."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.creates import REQUESTS, requested
from bench.servers import PARTITIONS
from chassis import kafka
from chassis.clock import system_clock
from tests.system.rig import Rig

RESULTS = "onboarding-results"


@dataclass
class Way:
    """The moments of each request, by its key: meant to be sent, acknowledged by Kafka, decided on, answer read."""

    intended: dict[bytes, float] = field(default_factory=dict)
    acknowledged: dict[bytes, float] = field(default_factory=dict)
    decided: dict[bytes, float] = field(default_factory=dict)
    seen: dict[bytes, float] = field(default_factory=dict)

    def waits(self) -> dict[str, list[float]]:
        """How long each request took, whole and by stage."""
        stages = {
            "whole": (self.intended, self.seen),
            "until Kafka has acknowledged it": (self.intended, self.acknowledged),
            "from there until it is decided on": (self.acknowledged, self.decided),
            "from there until its answer is read": (self.decided, self.seen),
        }
        return {name: [end[key] - start[key] for key in self.seen] for name, (start, end) in stages.items()}


async def paced(rig: Rig, numbers: Iterator[str], rate: float, seconds: float) -> Way:
    """Sends at intended moments, whatever comes back, until every request is answered."""
    total = int(rate * seconds)
    messages = [requested(next(numbers)) for _ in range(total)]
    way = Way()
    watching = asyncio.create_task(_watch(rig, way, total))
    producer = kafka.producer(rig.common)
    await producer.start()
    await asyncio.sleep(1.0)  # the watcher stands at the end of the topic by then
    started = system_clock().timestamp()
    for number, message in enumerate(messages):
        due = started + number / rate
        if (early := due - system_clock().timestamp()) > 0:
            await asyncio.sleep(early)
        way.intended[message.key] = due
        ack = await producer.send(
            rig.common.topic_prefix + REQUESTS, message.value, key=message.key, headers=list(message.headers)
        )
        ack.add_done_callback(partial(_note, way.acknowledged, message.key))
    await asyncio.wait_for(watching, 60)
    await producer.stop()
    return way


def _note(times: dict[bytes, float], key: bytes, _: object) -> None:
    times[key] = system_clock().timestamp()


async def _watch(rig: Rig, way: Way, total: int) -> None:
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=rig.common.kafka_bootstrap, fetch_max_wait_ms=100)
    async with consumer:
        consumer.assign([TopicPartition(rig.common.topic_prefix + RESULTS, place) for place in range(PARTITIONS)])
        await consumer.seek_to_end()
        while len(way.seen) < total:
            got = await consumer.getmany(timeout_ms=100)
            now = system_clock().timestamp()
            for records in got.values():
                for record in records:
                    if record.key in way.intended and record.key not in way.seen:
                        way.seen[record.key] = now
                        decided = orjson.loads(record.value)["time"]  # that of the transaction which decided
                        way.decided[record.key] = datetime.fromisoformat(decided).timestamp()
