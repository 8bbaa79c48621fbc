"""Onboarding with its loops on real Kafka, and upstream systems that send to it and read what they are told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from aiokafka.admin import AIOKafkaAdminClient

from chassis import kafka
from chassis.consumer import Consumer
from chassis.readers import Readers
from chassis.relay import Relay
from chassis.retrier import Retrier
from schemas.topics import TOPICS, requests_topic, results_topic
from tests.eventually import eventually
from tests.integration.chassis.running import everything
from tests.integration.onboarding.running import Running

Header = tuple[str, bytes]


@dataclass(frozen=True)
class Reading(Running):
    """`send` writes what an upstream system would, `told` reads what it is told."""

    readers: Readers

    @asynccontextmanager
    async def loops(self) -> AsyncIterator[None]:
        """Everything that the process would run; its jobs are run by hand."""
        context = self.context
        await kafka.create_topics(context.common, [(name, 1) for name in TOPICS])
        stop = asyncio.Event()
        tried = Retrier(context.database, context.subscriptions, context.service.catalogue, context.seal)
        retrying = asyncio.create_task(tried.run(context.heartbeats))
        loops = (Consumer(context, dict(context.subscriptions)), self.readers, Relay(context))
        running = [asyncio.create_task(each.run(stop)) for each in loops]
        try:
            yield
        finally:
            stop.set()
            retrying.cancel()
            await asyncio.wait_for(asyncio.gather(*running), 60)

    def operator(self) -> dict[str, str]:
        return self.token("olle", agency="drift", roles=["operator"])

    async def make_topics(self, *slugs: str) -> None:
        """The pairs of topics of sources, as an operator has them made."""
        pairs = [(name(slug), 1) for slug in slugs for name in (requests_topic, results_topic)]
        common = self.context.common
        await kafka.create_topics(common, pairs)

        async def there() -> bool:
            found = await kafka.partitions(common, [common.topic_prefix + name for name, _ in pairs])
            return all(len(found[common.topic_prefix + name]) == common.topic_partitions for name, _ in pairs)

        await eventually(there, within=60)

    async def delete_topics(self, slug: str) -> None:
        """Gone when it returns, as far as the broker tells."""
        names = [self.context.common.topic_prefix + name(slug) for name in (requests_topic, results_topic)]
        admin = AIOKafkaAdminClient(bootstrap_servers=self.context.common.kafka_bootstrap)
        await admin.start()
        try:
            await admin.delete_topics(names)

            async def gone() -> bool:
                return not set(names) & set(await admin.list_topics())

            await eventually(gone, within=20)
        finally:
            await admin.close()

    async def add_source(self, slug: str, **how: Any) -> httpx.Response:
        body = {"agencies": ["byra-ett"], **how}
        return await self.http.put(f"/v1/sources/{slug}", json=body, headers=self.operator())

    async def source(self, slug: str, act: str, method: str = "POST") -> httpx.Response:
        return await self.http.request(method, f"/v1/sources/{slug}{act}", headers=self.operator())

    async def send(self, slug: str | None, *requests: dict[str, Any] | bytes, headers: Sequence[Header] = ()) -> None:
        producer = kafka.producer(self.context.common)
        await producer.start()
        try:
            for each in requests:
                value = each if isinstance(each, bytes) else orjson.dumps(each)
                topic = self.context.common.topic_prefix + requests_topic(slug)
                await producer.send_and_wait(topic, value, headers=list(headers))
        finally:
            await producer.stop()

    async def told(self, slug: str | None) -> list[tuple[str, dict[str, Any]]]:
        """What this upstream system was told: (type without prefix and version, data)."""
        records = await everything(self.context.common, results_topic(slug))
        said = sorted((orjson.loads(value or b"") for _, value in records), key=lambda each: str(each["id"]))
        return [
            (each["type"].removeprefix("se.aktivera.onboarding.").removesuffix(".v1"), each["data"]) for each in said
        ]

    async def told_of(self, slug: str | None, count: int, within: float = 60) -> list[tuple[str, dict[str, Any]]]:
        """The same, once it is that many."""

        async def probe() -> list[tuple[str, dict[str, Any]]]:
            told = await self.told(slug)
            assert len(told) >= count, told
            return told

        return await eventually(probe, within, every=0.3)
