"""PROMISE: the model database answers as Postgres does, statement by statement, alone and two at once."""

import asyncio
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import asyncpg
import pytest

from chassis import consumer_offsets, held_events, relay, version_guard
from chassis.service import Service
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.simulation.chance import Chance
from tests.simulation.connections import Pool, UnknownStatement
from tests.simulation.database import Server
from tests.simulation.rows import TABLES, Lease
from tests.simulation.scenarios import SCENARIOS, Stand
from tests.simulation.statements import STATEMENTS
from tests.simulation.virtual import Process, VirtualLoop

VERBS = ("select", "insert", "update", "delete", "with")
WAITS = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


async def on_postgres(scenario: Callable[[Stand], Awaitable[list[Any]]], address: str) -> list[Any]:
    first, second, looks = [await asyncpg.connect(address) for _ in range(3)]

    async def waits(task: "asyncio.Task[Any]") -> None:
        async def seen() -> bool:
            assert not task.done(), task.result()
            return bool(await looks.fetch(WAITS))

        await eventually(seen, within=10)

    try:
        return await scenario(Stand(first, second, waits))
    finally:
        for connection in (first, second, looks):
            await connection.close()


def on_the_model(scenario: Callable[[Stand], Awaitable[list[Any]]], seed: int = 0) -> list[Any]:
    loop = VirtualLoop()
    server = Server(loop, Chance(seed), TABLES)
    server.put("relay_lease", "outbox", Lease("outbox", None, 0, None))
    process = Process(loop, "test")
    pool = Pool(server, process)

    async def waits(task: "asyncio.Task[Any]") -> None:
        await asyncio.sleep(5.0)  # of virtual time
        assert not task.done(), task.result()

    async def play() -> list[Any]:
        async with pool.acquire(timeout=1.0) as first, pool.acquire(timeout=1.0) as second:
            return await scenario(Stand(first, second, waits))

    try:
        return loop.run_until_complete(process.spawn(play()))
    finally:
        loop.end()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_the_model_answers_as_postgres_does(
    scenario: Callable[[Stand], Awaitable[list[Any]]], database_for: Callable[[Service], Awaitable[str]]
) -> None:
    real = await on_postgres(scenario, await database_for(toy.SERVICE))
    assert await asyncio.to_thread(on_the_model, scenario) == real
    assert len(real) > 1


@pytest.mark.parametrize("module", [consumer_offsets, version_guard, held_events, relay, toy])
def test_the_model_knows_every_statement_that_has_a_name(module: ModuleType) -> None:
    named = {
        name: text
        for name, text in vars(module).items()
        if name.isupper() and not name.startswith("_") and isinstance(text, str) and text.strip().startswith(VERBS)
    }
    assert named
    assert [name for name, text in named.items() if text not in STATEMENTS] == []


def test_a_statement_that_the_model_does_not_know_is_an_error() -> None:
    async def asks(on: Stand) -> list[Any]:
        with pytest.raises(UnknownStatement):
            await on.first.fetch("select 1 + 1")
        with pytest.raises(UnknownStatement):
            await on.first.copy_records_to_table("tallies", columns=("tally",), records=[])
        return []

    assert on_the_model(asks) == []
