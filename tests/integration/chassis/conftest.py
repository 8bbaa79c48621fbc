"""A toy service on a database and topics of its own, and a writer that sends it what a test wants."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from chassis import kafka
from chassis.ids import uuid7
from chassis.lifecycle import opened
from chassis.service import Context, Service
from chassis.settings import CommonSettings
from schemas.envelope import EventData
from tests.infrastructure import Infrastructure
from tests.integration.chassis import toy


@dataclass
class Writer:
    """Sends events as another service's relay would: keyed, with versions that count up."""

    producer: AIOKafkaProducer
    topic: str
    versions: dict[str, int] = field(default_factory=dict)

    async def send(self, data: EventData, *, version: int | None = None, event_id: str | None = None) -> str:
        key: str = data.tally  # type: ignore[attr-defined]
        self.versions[key] = version or self.versions.get(key, 0) + 1
        event_id = event_id or str(uuid7())
        kind = toy.CATALOGUE.type_of(data)
        body = {
            "specversion": "1.0",
            "id": event_id,
            "source": "/test/writer",
            "type": kind.wire_type,
            "subject": key,
            "time": "2026-01-01T00:00:00Z",
            "sequence": str(self.versions[key]),
            "correlationid": "c-1",
            "data": data.model_dump(mode="json"),
        }
        await self.raw(key, orjson.dumps(body), {"ce_type": kind.wire_type, "ce_id": event_id})
        return event_id

    async def raw(self, key: str | None, value: bytes | None, headers: dict[str, str] | None = None) -> Any:
        return await self.producer.send_and_wait(
            self.topic,
            value,
            key=None if key is None else key.encode(),
            headers=[(name, each.encode()) for name, each in (headers or {}).items()],
        )


@pytest.fixture
async def common(infra: Infrastructure, prefix: str) -> CommonSettings:
    """Settings of a test: its own topics with 3 partitions each."""
    settings = CommonSettings(environment="test", kafka_bootstrap=infra.kafka, topic_prefix=prefix, topic_partitions=3)
    await kafka.create_topics(settings, [("toy-events", 1), ("toy-totals", 1)])
    return settings


@pytest.fixture
async def open_toy(
    common: CommonSettings, database_for: Callable[[Service], Awaitable[str]]
) -> AsyncIterator[Callable[..., Awaitable[Context]]]:
    """Opens the toy service, any number of times on the same database: its replicas. `ours=False`: it reads a sender's
    topic."""
    address = await database_for(toy.SERVICE)
    contexts: list[Context] = []

    async def open_one(*, ours: bool = True) -> Context:
        reads = tuple(replace(each, ours=ours) for each in toy.SERVICE.subscriptions)
        service = replace(toy.SERVICE, subscriptions=reads)
        context = await opened(service, common, toy.ToySettings(database_dsn=address))
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        await context.database.pool.close()


@pytest.fixture
async def writer(common: CommonSettings) -> AsyncIterator[Writer]:
    producer = kafka.producer(common)
    await producer.start()
    yield Writer(producer, common.topic_prefix + "toy-events")
    await producer.stop()
