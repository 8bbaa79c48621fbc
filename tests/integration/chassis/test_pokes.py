"""PROMISE: whoever listens hears of what was committed, of nothing else, and hears again where the line was dead."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from aktivera.local.ports import free_port
from chassis import metrics
from chassis.db import Database, open_database
from chassis.outgoing_pokes import MOST, Pokes
from chassis.pokes import Line
from chassis.service import Service
from tests.eventually import eventually
from tests.faults.proxy import Proxy
from tests.faults.servers import port_of, through
from tests.infrastructure import Infrastructure
from tests.integration.chassis import toy

HEALED_SECONDS = 20.0


class Undone(Exception):
    """The test wants the transaction undone."""


@dataclass
class Replica:
    """A process with its own line: what it heard, and how often the line stood."""

    database: Database
    dsn: str
    heard: list[str] = field(default_factory=list)
    whole: int = 0

    def stands(self) -> None:
        self.whole += 1

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        line = Line(self.database, self.dsn, "toy", self.heard.append, self.stands)
        task = asyncio.ensure_future(line.run())
        try:
            await self.stood(1)
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def stood(self, times: int, within: float = 10) -> None:
        async def probe() -> bool:
            return self.whole >= times

        await eventually(probe, within=within)

    async def hears(self, wanted: Iterable[str], within: float = 10) -> None:
        async def probe() -> bool:
            return set(wanted) <= set(self.heard)

        await eventually(probe, within=within)

    async def commit(self, *pokes: str) -> None:
        async with self.database.unit_of_work() as uow:
            uow.pokes.update(pokes)

    async def undo(self, *pokes: str) -> None:
        async with self.database.unit_of_work() as uow:
            uow.pokes.update(pokes)
            raise Undone


Build = Callable[..., Coroutine[None, None, Replica]]


@pytest.fixture
async def replica(database_for: Callable[[Service], Awaitable[str]]) -> AsyncIterator[Build]:
    """Makes replicas on one database; `by` and `sends_by`: the ways of their line and of all else."""
    address = await database_for(toy.SERVICE)
    made: list[Replica] = []

    async def build(by: Proxy | None = None, sends_by: Proxy | None = None) -> Replica:
        settings = toy.ToySettings(database_dsn=through(address, sends_by) if sends_by else address)
        database = await open_database(settings, "toy", toy.CATALOGUE)
        made.append(Replica(database, through(address, by) if by else address))
        return made[-1]

    yield build
    for each in made:
        each.database.pool.terminate()


async def test_every_replica_hears_what_was_committed_and_nothing_that_was_undone(replica: Build) -> None:
    one, other = await replica(), await replica()
    async with one.listening(), other.listening():
        with pytest.raises(Undone):
            await one.undo("undone")
        await one.commit("a", "b")
        await other.commit("c")
        for each in (one, other):
            await each.hears({"a", "b", "c"})
            assert sorted(each.heard) == ["a", "b", "c"]  # nor the pokes with which a line tests itself


async def test_pokes_that_wait_when_a_process_ends_are_sent_first(replica: Build) -> None:
    one, other = await replica(), await replica()
    async with other.listening():
        async with one.listening():
            pass
        await one.commit("last")
        await one.database.close()
        await other.hears({"last"})


async def test_a_line_that_is_dead_without_anybody_saying_so_is_laid_anew(replica: Build, proxy: Proxy) -> None:
    """Without the line's own pokes nothing would tell silence from death."""
    lost = metrics.LINES_LOST._value.get()
    one, other = await replica(by=proxy), await replica()
    async with one.listening(), other.listening():
        proxy.deaden()
        await other.commit("unheard")
        await other.hears({"unheard"})
        await one.stood(2, within=HEALED_SECONDS)
        assert proxy.fired["dead"] > 0
        assert one.heard == []
        assert metrics.LINES_LOST._value.get() == lost + 1
        await other.commit("heard")
        await one.hears({"heard"})
        assert other.whole == 1


async def test_a_line_that_is_cut_is_laid_anew(replica: Build, proxy: Proxy) -> None:
    one = await replica(by=proxy)
    async with one.listening():
        proxy.reset()
        await one.stood(2)
        assert proxy.fired["reset"] > 0
        await one.commit("again")
        await one.hears({"again"})


async def test_pokes_wait_while_the_database_is_away(replica: Build, proxy: Proxy) -> None:
    one = await replica(sends_by=proxy)
    there = proxy.target_port

    async def refused() -> bool:
        return proxy.fired["refused"] > 0

    async with one.listening():
        proxy.target_port = free_port()
        proxy.reset()
        one.database.pokes.add(["patient"])
        await eventually(refused, within=30)
        proxy.target_port = there
        await one.hears({"patient"})


async def test_what_waits_is_bounded_and_each_waits_once() -> None:
    pokes = Pokes()
    pokes.add(["twice", "twice"])
    pokes.add(map(str, range(MOST)))
    pokes.add(["1"])
    assert await pokes.take(2, 0) == ["0", "1"]
    assert len(await pokes.take(2 * MOST, 0)) == MOST - 2
    assert await pokes.take(1, 0) == []


@pytest.fixture
async def proxy(infra: Infrastructure) -> AsyncIterator[Proxy]:
    made = await Proxy(port_of(infra.superuser_dsn)).start()
    yield made
    await made.stop()
