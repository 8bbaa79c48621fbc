"""Events at which a bad deploy fails, and what an operator does about those that were held."""

from typing import Any

import httpx

from chassis import kafka
from chassis.lifecycle import opened
from tests.faults.toy_rig import ToyProcess, ToyRig
from tests.faults.toy_service import BROKEN
from tests.infrastructure import fetch
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import retrier


async def poison(rig: ToyRig, events: int, every: int) -> None:
    """One event for each of many keys; each `every`-th is one at which the broken toy fails."""
    producer = kafka.producer(rig.common)
    await producer.start()
    writer = Writer(producer, rig.common.topic_prefix + "toy-events")
    for number in range(events):
        key = f"p{number}"
        await writer.send(toy.AddedV1(tally=key, note="" if number % every else BROKEN))
        rig.sent[key] += 1
    await producer.stop()


async def stopped_by_the_breaker(replica: ToyProcess) -> bool:
    async with httpx.AsyncClient(timeout=3) as client:
        try:
            answer: dict[str, Any] = (await client.get(f"{replica.url}/health/ready")).json()
        except httpx.HTTPError as error:
            raise AssertionError(repr(error)) from error
    assert any("CircuitOpen" in reason for reason in answer["reasons"]), answer
    return True


async def retry_all(rig: ToyRig) -> None:
    """As `aktivera held retry` does it, with the mended code."""
    context = await opened(toy.SERVICE, rig.common, toy.ToySettings(database_dsn=rig.address))
    try:
        for row in await fetch(rig.address, "select topic, key from held_keys"):
            async with context.database.unit_of_work() as uow:
                await retrier(context).retry(uow, row["topic"], row["key"], "tests")
    finally:
        await context.database.pool.close()
