"""From a first moment to a last one: events, seconds, and CPU seconds of Python, Postgres and broker apart."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

import asyncpg

from bench.processes import Process, must_run
from bench.servers import Servers
from bench.usage import cpu_seconds, resident_mb

EVERY_SECONDS = 0.01
STALL_SECONDS = 90.0


@dataclass(frozen=True)
class Measured:
    """One run of one contestant, from the first look at which its warm-up was over."""

    events: int
    seconds: float
    python: float
    postgres: float
    broker: float
    resident_mb: float

    @property
    def rate(self) -> float:
        return self.events / self.seconds


@dataclass(frozen=True)
class Usage:
    """CPU seconds used up to a moment."""

    at: float
    python: float
    postgres: float
    broker: float

    @classmethod
    def now(cls, servers: Servers, processes: Sequence[Process], watcher: int = 0) -> "Usage":
        at = time.perf_counter()
        python = sum(cpu_seconds(process.pid) for process in processes)
        return cls(at, python, cpu_seconds(servers.postgres, {watcher}), cpu_seconds(servers.broker))


class Stalled(Exception):
    """Nothing was done for a long time."""


async def watch(
    servers: Servers,
    processes: list[Process],
    done: Callable[[], Awaitable[int]],
    total: int,
    warm: int,
    watcher: int = 0,
) -> Measured:
    """Looks every 10 ms how much is done; measures from `warm` on until `total`. `watcher`: the backend that looks."""
    start, first, moved, before = None, 0, time.perf_counter(), -1
    while True:
        handled = await done()
        if start is None and handled >= warm:
            start, first = Usage.now(servers, processes, watcher), handled
        if handled >= total:
            break
        if handled != before:
            moved, before = time.perf_counter(), handled
        must_run(processes, servers.folder)
        if time.perf_counter() - moved > STALL_SECONDS:
            raise Stalled(f"{handled} of {total} done")
        await asyncio.sleep(EVERY_SECONDS)
    end = Usage.now(servers, processes, watcher)
    assert start is not None
    resident = sum(resident_mb(process.pid) for process in processes)
    return Measured(
        total - first,
        end.at - start.at,
        end.python - start.python,
        end.postgres - start.postgres,
        end.broker - start.broker,
        resident,
    )


async def watch_offsets(servers: Servers, processes: list[Process], dsn: str, total: int, warm: int) -> Measured:
    """Watches how far consumer_offsets has come: only what is committed counts."""
    connection = await asyncpg.connect(dsn)

    async def done() -> int:
        handled: int = await connection.fetchval("select coalesce(sum(next_offset), 0)::bigint from consumer_offsets")
        return handled

    try:
        return await watch(servers, processes, done, total, warm, connection.get_server_pid())
    finally:
        await connection.close()


def middle(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, least and largest."""
    return median(values), min(values), max(values)
