"""What the checkers call settled is so: what is read between two looks, and not sent yet, is not taken for sent."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from chassis import kafka
from chassis.settings import CommonSettings
from tests.eventually import eventually
from tests.faults import toy_checker
from tests.faults.toy_rig import ToyRig
from tests.infrastructure import Infrastructure, fetch
from tests.system import checker
from tests.system.rig import Rig

SAY = """
insert into outbox (event_id, topic, aggregate_id, headers, payload)
values (gen_random_uuid(), 'said', 'a', '{}', 'said')"""
READ = "insert into consumer_offsets (topic, partition, next_offset, last_event_id) values ($1, 0, 1, 'x')"
WAITING = "select from pg_locks where relation = 'consumer_offsets'::regclass and not granted"


async def test_what_the_toy_has_just_read_is_not_settled_until_it_is_sent(toy_rig: ToyRig) -> None:
    topic = await record(toy_rig.common, "toy-events")
    await not_settled_until_sent(lambda: toy_checker.settled(toy_rig), toy_rig.address, topic)


async def test_what_a_service_has_just_read_is_not_settled_until_it_is_sent(
    infra: Infrastructure, prefix: str, tmp_path: Path
) -> None:
    rig = await Rig.build(infra, prefix, tmp_path)
    try:
        topic = await record(rig.common, "client-events")
        await fetch(rig.databases["notifier"], READ, topic)
        await not_settled_until_sent(lambda: checker.settled(rig), rig.databases["activation"], topic)
    finally:
        await infra.drop(*rig.databases.values())


async def not_settled_until_sent(settled: Callable[[], Awaitable[bool]], address: str, topic: str) -> None:
    """Looks while the one record is read and something is said of it, in one transaction."""
    connection = await asyncpg.connect(address)
    try:
        async with connection.transaction():
            await connection.execute("lock table consumer_offsets in access exclusive mode")
            await connection.execute(READ, topic)
            await connection.execute(SAY)
            looking = asyncio.ensure_future(settled())
            await eventually(lambda: fetch(address, WAITING), within=20)
        with pytest.raises(AssertionError, match="1 unpublished"):
            await asyncio.wait_for(looking, 20)
        await connection.execute("delete from outbox")
        assert await settled()
    finally:
        await connection.close()


async def record(common: CommonSettings, topic: str) -> str:
    """Writes one record into the first partition; answers the topic's whole name."""
    name = common.topic_prefix + topic
    producer = kafka.producer(common)
    await producer.start()
    try:
        await producer.send_and_wait(name, b"{}", partition=0)
    finally:
        await producer.stop()
    return name
