"""PROMISE: whatever becomes of streams and of the process, each reader is told of exactly the items of the table."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from aktivera.local.ports import LOOPBACK, free_port
from chassis.service import Context
from schemas.values import Person
from services.notifier.listening import hear_pokes
from tests.eventually import eventually
from tests.infrastructure import Infrastructure
from tests.integration.notifier.process import start_process
from tests.integration.notifier.running import Running
from tests.integration.notifier.streaming import Reader
from tests.unit.notifier.events import listed

TABS = 5
AGAIN_SECONDS = 0.1
START_SECONDS = 40.0
STREAM_MEGABYTES, GROWTH_MEGABYTES = 0.1, 20


@dataclass
class Crowd:
    """A process with streams to many people; what rings, rings from elsewhere."""

    running: Running
    infra: Infrastructure
    prefix: str
    keys: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        settings = {"NOTIFIER_HTTP_PORT": str(self.port), "AKTIVERA_TOPIC_PREFIX": self.prefix}
        self.process = await start_process(self.running, self.infra, self.keys, **settings)

        async def listens() -> bool:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(LOOPBACK, self.port)
                writer.close()
                return True
            return False

        await eventually(listens, within=START_SECONDS)

    async def stop(self) -> int:
        """SIGTERM; the exit code. Every service ends within 10 seconds."""
        assert self.process is not None
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), 10)

    def resident_megabytes(self) -> float:
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    async def ring(self, people: int, rounds: int) -> None:
        for _ in range(rounds):
            events = [(f"s{number}", uuid4()) for number in range(people)]
            await self.running.hear(
                *(
                    listed(client, created_by=Person(sub=sub, name=sub), confirmation_email=f"{client.hex}@e.se")
                    for sub, client in events
                )
            )

    async def follow(self, reader: Reader) -> None:
        """Comes again whenever the stream ends, as browsers do. Runs until cancelled."""
        query = "?after=0"
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await reader.open(self.port, query)
                await reader.finished()
            await asyncio.sleep(AGAIN_SECONDS)

    async def numbers(self, sub: str) -> list[int]:
        rows = await self.running.rows("select seq from notifications where sub = $1 order by seq", sub)
        return [row["seq"] for row in rows]


@pytest.fixture
async def crowd(newborn: Running, with_kafka: Context, infra: Infrastructure, tmp_path: Path) -> AsyncIterator[Crowd]:
    """Its mails are held, as those of every new database."""
    made = Crowd(newborn, infra, with_kafka.common.topic_prefix, tmp_path / "keys.json", free_port())
    line = asyncio.ensure_future(hear_pokes(newborn.context))
    await made.start()
    yield made
    line.cancel()
    with suppress(asyncio.CancelledError):
        await line
    if made.process is not None and made.process.returncode is None:
        made.process.kill()
        await made.process.wait()


@asynccontextmanager
async def following(crowd: Crowd, people: int) -> AsyncIterator[list[tuple[str, Reader]]]:
    """So many people with five tabs each."""
    tabs = [f"s{number}" for number in range(people) for _ in range(TABS)]
    readers = [(sub, Reader(crowd.running.token(sub))) for sub in tabs]
    tasks = [asyncio.ensure_future(crowd.follow(reader)) for _, reader in readers]
    try:
        yield readers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, reader in readers:
            await reader.close()


@asynccontextmanager
async def asleep(crowd: Crowd, people: range) -> AsyncIterator[list[tuple[str, Reader]]]:
    """People with five tabs each that are open and do not read."""
    readers = [(f"s{number}", Reader(crowd.running.token(f"s{number}"))) for number in people for _ in range(TABS)]
    try:
        for _, reader in readers:
            await reader.open(crowd.port, "?after=0", read=False)
        yield readers
    finally:
        for _, reader in readers:
            await reader.close()


async def told_all(crowd: Crowd, readers: list[tuple[str, Reader]], within: float) -> None:
    """Each number once, in order, and no other."""
    wanted = {sub: await crowd.numbers(sub) for sub in {sub for sub, _ in readers}}

    async def probe() -> bool:
        behind = [sub for sub, reader in readers if len(reader.numbers) < len(wanted[sub])]
        assert behind == [], f"{len(behind)} of {len(readers)}"
        assert {sub: reader.badge["unread"] for sub, reader in readers} == {sub: len(wanted[sub]) for sub in wanted}
        return True

    await eventually(probe, within=within)
    assert [(sub, reader.numbers) for sub, reader in readers if reader.numbers != wanted[sub]] == []


async def test_after_cuts_and_a_restart_a_hundred_streams_have_told_exactly_the_items_of_the_table(
    crowd: Crowd,
) -> None:
    """A fifth of them does not read; the others do not notice. SIGTERM ends all streams and the process in order."""
    awake, people = 16, 20
    async with asleep(crowd, range(awake, people)) as sleepers, following(crowd, awake) as readers:
        await crowd.ring(people, 3)
        await told_all(crowd, readers, within=30)
        for _, reader in readers[::2]:
            await reader.cut()
        await crowd.ring(people, 3)
        assert await crowd.stop() == 0
        await crowd.ring(people, 3)
        await crowd.start()
        await crowd.ring(people, 1)
        await told_all(crowd, readers, within=30)
        assert min(reader.connections for _, reader in readers) >= 2
        for _, reader in sleepers:
            await reader.open(crowd.port, "?after=0")
        await told_all(crowd, sleepers, within=30)


@pytest.mark.soak
async def test_a_thousand_streams_take_little_memory_and_no_more_however_much_they_tell(crowd: Crowd) -> None:
    """A fifth of them does not read: what waits for those is bounded too."""
    awake, people, rounds = 160, 200, 15
    base, sizes = crowd.resident_megabytes(), []
    async with asleep(crowd, range(awake, people)), following(crowd, awake) as readers:
        for _ in range(4):
            await crowd.ring(people, rounds)
            await told_all(crowd, readers, within=120)
            sizes.append(crowd.resident_megabytes())
        assert max(reader.connections for _, reader in readers) == 1
    seen = f"{base:.0f} MB without streams, then {[f'{each:.0f}' for each in sizes]}"
    assert sizes[0] - base <= people * TABS * STREAM_MEGABYTES, seen
    assert sizes[-1] - sizes[0] <= GROWTH_MEGABYTES, seen
