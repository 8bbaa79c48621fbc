"""Work that falls due by itself: each job is done under a lock, in batches, and can be seen in the status."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from chassis.db import Database
from chassis.failures import is_transient
from chassis.heartbeats import Heartbeats
from chassis.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
LIMIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Job:
    """`work(uow)` does one batch of what is due and answers how many; 0: nothing is left. It must be idempotent."""

    name: str
    every: timedelta
    work: Callable[[UnitOfWork], Awaitable[int]]


async def run_job(database: Database, job: Job, beat: Callable[[], None] = lambda: None) -> int:
    """Does all that is due, a transaction a batch, and answers how many; 0 where another replica is at it."""
    total = 0
    while True:
        beat()
        async with database.unit_of_work() as uow:
            mine = await uow.connection.fetchval(
                "select pg_try_advisory_xact_lock(hashtextextended('job:' || $1, 7))", job.name
            )
            done = await job.work(uow) if mine else 0
            total += done
            if mine:
                await uow.connection.execute(
                    """insert into jobs (name, last_run_at, last_done) values ($1, $2, $3)
                       on conflict (name) do update set last_run_at = $2, last_done = $3, last_error = null""",
                    job.name,
                    uow.now,
                    total,
                )
        if done == 0:
            return total


async def run_jobs(database: Database, heartbeats: Heartbeats, jobs: tuple[Job, ...]) -> None:
    """Runs each job at its interval until cancelled. One that fails is logged, shown and tried again."""
    heartbeats.expect("jobs", LIMIT_SECONDS)
    loop = asyncio.get_running_loop()
    due = {job.name: loop.time() for job in jobs}
    while True:
        for job in jobs:
            if loop.time() < due[job.name]:
                continue
            due[job.name] = loop.time() + job.every.total_seconds()
            try:
                await run_job(database, job, lambda: heartbeats.beat("jobs"))
            except Exception as error:  # one job's bug must not stop the others; it is shown, and tried again
                log.warning("job failed", job=job.name, error=type(error).__name__, transient=is_transient(error))
                await _note_failure(database, job, error)
        heartbeats.beat("jobs")
        await asyncio.sleep(BEAT_SECONDS)


async def _note_failure(database: Database, job: Job, error: Exception) -> None:
    with suppress(Exception):  # the database itself may be what failed
        await database.execute(
            """insert into jobs (name, last_run_at, last_done, last_error) values ($1, $2, 0, $3)
               on conflict (name) do update set last_run_at = $2, last_error = $3""",
            job.name,
            database.clock(),
            type(error).__name__,
        )
