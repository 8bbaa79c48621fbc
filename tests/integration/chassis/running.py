"""Runs loops of a service for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis.consumer import Consumer
from chassis.relay import Relay
from chassis.retrier import Retrier
from chassis.service import Context
from chassis.settings import CommonSettings


@asynccontextmanager
async def _running(run: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    task = asyncio.ensure_future(run(stop))
    try:
        yield task
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 15)


@asynccontextmanager
async def consuming(context: Context) -> AsyncIterator[Consumer]:
    consumer = Consumer(context, context.subscriptions)
    async with _running(consumer.run):
        yield consumer


@asynccontextmanager
async def relaying(context: Context) -> AsyncIterator[Relay]:
    relay = Relay(context)
    async with _running(relay.run):
        yield relay


def retrier(context: Context) -> Retrier:
    return Retrier(context.database, context.subscriptions, context.service.catalogue, context.seal)


async def everything(common: CommonSettings, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    """All records of a topic, partition after partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=common.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        name = common.topic_prefix + topic
        places = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or ())]
        if not places:
            await consumer.topics()
            places = [TopicPartition(name, number) for number in range(common.topic_partitions)]
        consumer.assign(places)
        records = []
        for place, end in (await consumer.end_offsets(places)).items():
            consumer.seek(place, 0)
            while end and await consumer.position(place) < end:
                records += (await consumer.getmany(place, timeout_ms=500)).get(place, [])
        return [(record.key, record.value) for record in records]
    finally:
        await consumer.stop()


async def members(context: Context) -> list[str]:
    """Who is in the toy's group. Kafka gives whoever left and came back another id."""
    admin = AIOKafkaAdminClient(bootstrap_servers=context.common.kafka_bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups([context.common.topic_prefix + "toy"])
        (group,) = answer.to_object()["groups"]
        return sorted(member["member_id"] for member in group["members"])
    finally:
        await admin.close()
