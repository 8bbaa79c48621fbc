"""The bell: how long after its commit a new item is at its reader's, with many streams open."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from statistics import quantiles
from uuid import uuid4

from bench.goals import Goal
from bench.plots import Bar
from bench.report import Part
from bench.servers import Servers
from bench.usage import cpu_seconds, resident_mb
from chassis.ids import uuid7
from chassis.lifecycle import opened
from chassis.service import Context
from schemas.values import Person
from services.notifier.__main__ import SERVICE
from services.notifier.listening import hear_pokes
from services.notifier.settings import NotifierSettings
from tests.eventually import eventually
from tests.integration.in_process import hear
from tests.integration.notifier.streaming import Reader
from tests.system.rig import Replica, Rig
from tests.unit.notifier.events import listed

TABS = 5
OPEN = (100, 1_000)
PER_SECOND = 20.0
WARM = 20


@dataclass
class Timed(Reader):
    """Notes when each new item came, by its number."""

    came: dict[int, float] = field(default_factory=dict)

    def _take(self, frame: str) -> None:
        before = len(self.events)
        super()._take(frame)
        for name, data in self.events[before:]:
            if name == "item":
                self.came[data["seq"]] = time.perf_counter()


@dataclass
class Found:
    """Seconds from commit to reader; CPU seconds of the serving process for each item told; its resident memory."""

    waits: list[float]
    cpu: float
    megabytes: float


async def run(servers: Servers, quick: bool) -> Part:
    items = 100 if quick else 400
    found = {}
    for streams in OPEN:
        async with _serving(servers) as (rig, replica, writer):
            found[streams] = await _measured(rig, replica, writer, streams, items)
    return _report(found, items)


@asynccontextmanager
async def _serving(servers: Servers) -> AsyncIterator[tuple[Rig, Replica, Context]]:
    """A notifier that serves streams, and another one, in this process, that commits."""
    name = f"bell{uuid7().hex[-8:]}-"
    (servers.folder / name).mkdir()
    rig = await Rig.build(servers.infra, name, servers.folder / name)
    settings = NotifierSettings(
        database_dsn=rig.databases["notifier"], link_keys_file=servers.folder / name / "link-keys.json"
    )
    writer = await opened(SERVICE, rig.common, settings)
    line = asyncio.create_task(hear_pokes(writer))
    try:
        replica = await rig.start("notifier", NOTIFIER_CONSUME="false")
        yield rig, replica, writer
    finally:
        line.cancel()
        with suppress(asyncio.CancelledError):
            await line
        await writer.database.pool.close()
        await asyncio.to_thread(rig.stop)
        for dsn in rig.databases.values():
            await servers.drop(dsn)


async def _measured(rig: Rig, replica: Replica, writer: Context, streams: int, items: int) -> Found:
    people = [f"s{number}" for number in range(streams // TABS)]
    readers = {sub: [Timed(rig.token(sub)) for _ in range(TABS)] for sub in people}
    committed: dict[tuple[str, int], float] = {}
    async with AsyncExitStack() as stack:
        for each in (tab for tabs in readers.values() for tab in tabs):
            await each.open(replica.port)
            stack.push_async_callback(each.close)
        await _rung(writer, people, WARM, {})
        before = cpu_seconds(replica.process.pid)
        await _rung(writer, people, items, committed)

        async def all_told() -> bool:
            return all(seq in tab.came for sub, seq in committed for tab in readers[sub])

        await eventually(all_told, within=60)
        cpu = cpu_seconds(replica.process.pid) - before
        megabytes = resident_mb(replica.process.pid)
    waits = [tab.came[seq] - at for (sub, seq), at in committed.items() for tab in readers[sub]]
    return Found(waits, cpu / (len(committed) * TABS), megabytes)


async def _rung(writer: Context, people: Sequence[str], items: int, committed: dict[tuple[str, int], float]) -> None:
    """One item after the other at a steady rate, in turn for each of the people."""
    begin = time.perf_counter()
    for number in range(items):
        sub, client = people[number % len(people)], uuid4()
        await asyncio.sleep(max(begin + number / PER_SECOND - time.perf_counter(), 0))
        await hear(writer, listed(client, created_by=Person(sub=sub, name=sub)))
        at = time.perf_counter()
        (row,) = await writer.database.fetch("select last_seq from bell_counters where sub = $1", sub)
        committed[sub, row["last_seq"]] = at


def _report(found: dict[int, Found], items: int) -> Part:
    part = Part(
        "bell",
        "The bell's stream",
        f"{items} new items, {PER_SECOND:.0f} a second, each for one person with {TABS} open streams, from the moment"
        " at which the writer knows of its commit to the event at the reader. The writer is another process than the"
        " one that serves; readers, writer, server and Postgres share the machine.",
        [
            "| open streams | p50 ms | p99 ms | max ms | events | CPU µs an event | resident MB |",
            "|---|---|---|---|---|---|---|",
        ],
    )
    bars = []
    for streams, each in found.items():
        cuts = quantiles(each.waits, n=100, method="inclusive")
        half, late = 1e3 * cuts[49], 1e3 * cuts[98]
        part.table.append(
            f"| {streams:,} | {half:.1f} | {late:.1f} | {1e3 * max(each.waits):.1f} | {len(each.waits):,}"
            f" | {1e6 * each.cpu:.0f} | {each.megabytes:.0f} |"
        )
        bars.append(Bar(f"{streams:,} streams", late, half, late, f"{late:.0f} ms", True))
        if streams == max(found):
            part.goals = [Goal(f"p99 with {streams:,} streams", 250, late, "ms", most=True)]
    part.plots = [("p99 in ms (the line begins at p50)", bars)]
    return part
