"""Announce: an owner tells the state and version of its aggregates again, through the outbox, batch by batch."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from chassis.failures import Unprocessable
from chassis.jobs import Job
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.envelope import Say

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=2)
BATCH = 200
OUTBOX_FULL = 20_000  # the relay comes first: what waits there delays every other event
ERA = datetime(2020, 1, 1, tzinfo=UTC)


class Source(Protocol):
    """Where rows are read: a database, or the connection of a unit of work."""

    async def fetch(self, query: str, *arguments: Any) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Known:
    """An aggregate's id and version. Of what is `gone` a reader that never heard of it need not hear."""

    id: str
    version: int
    gone: bool = False


@dataclass(frozen=True)
class Announcer:
    """How the aggregates of one kind are announced by their owner.

    `page(source, after, limit)`: those that come after an id, in the order of ids; '' is before all.
    `snapshots(uow, ids)`: what is said of those that exist, whose rows are locked: so a snapshot stands in the outbox
    after the event of its version, and before the next. Its version is the aggregate's own and is not counted up.
    `raise_versions(uow, ids, by)`: after a restore, so that no version is said twice with different contents.
    """

    kind: str
    topic: str
    page: Callable[[Source, str, int], Awaitable[list[Known]]]
    snapshots: Callable[[UnitOfWork, Sequence[str]], Awaitable[list[Say]]]
    raise_versions: Callable[[UnitOfWork, Sequence[str], int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be announced: `wanted` of a kind, or None for all of it."""

    kind: str
    wanted: tuple[str, ...] | None
    raise_versions: bool
    requested_by: str


def job(announcers: Iterable[Announcer]) -> Job:
    """The job that carries orders out. It goes on where it was, whatever process it ran in before."""
    by_kind = {each.kind: each for each in announcers}

    async def work(uow: UnitOfWork) -> int:
        return await _batch(uow, by_kind)

    return Job("announce", EVERY, work)


async def order(uow: UnitOfWork, orders: Iterable[Order]) -> None:
    """Stores orders for the job."""
    for each in orders:
        await uow.connection.execute(
            """insert into announcements (kind, wanted, raise_versions, requested_by, requested_at)
               values ($1, $2, $3, $4, $5)""",
            each.kind,
            None if each.wanted is None else sorted(each.wanted),
            each.raise_versions,
            each.requested_by,
            uow.now,
        )


async def count(uow: UnitOfWork, announcer: Announcer, wanted: Sequence[str] | None) -> set[str] | int:
    """Which of these exist, or how many there are in all."""
    if wanted is not None:
        return {say_id(uow, say) for say in await announcer.snapshots(uow, wanted)}
    total, after = 0, ""
    while page := await announcer.page(uow.connection, after, 5000):
        total, after = total + len(page), page[-1].id
    return total


def say_id(uow: UnitOfWork, say: Say) -> str:
    """The aggregate that a snapshot is of."""
    return uow.prepare(say, Cause("announcement")).aggregate_id


async def under_way(source: Source) -> list[Any]:
    """The announcements that are not finished, and the newest that are."""
    return await source.fetch(
        """select id, kind, cardinality(wanted) as wanted, raise_versions, announced, skipped, requested_by,
                  requested_at, finished_at
             from announcements order by finished_at is not null, id desc limit 10"""
    )


async def _batch(uow: UnitOfWork, announcers: dict[str, Announcer]) -> int:
    """One batch of the oldest order; 0 where there is none, or the outbox is full."""
    row = await uow.connection.fetchrow(
        "select * from announcements where finished_at is null order by id limit 1 for update skip locked"
    )
    if row is None or await uow.connection.fetchval("select exists (select from outbox offset $1)", OUTBOX_FULL):
        return 0
    announcer = announcers[row["kind"]]
    ids = await _next(uow, announcer, row["wanted"], row["position"])
    announced = await _announce(uow, announcer, row, ids) if ids else 0
    await uow.connection.execute(
        """update announcements
              set position = $2, announced = announced + $3, skipped = skipped + $4, finished_at = $5 where id = $1""",
        row["id"],
        ids[-1] if ids else row["position"],
        announced,
        len(ids) - announced,
        uow.now if len(ids) < BATCH else None,
    )
    return max(1, len(ids))


async def _next(uow: UnitOfWork, announcer: Announcer, wanted: Sequence[str] | None, position: str) -> list[str]:
    if wanted is None:
        return [each.id for each in await announcer.page(uow.connection, position, BATCH)]
    return sorted(each for each in wanted if each > position)[:BATCH]


async def _raise_versions(uow: UnitOfWork, announcer: Announcer, ids: Sequence[str]) -> None:
    """To the clock's milliseconds, and to the next version at least: above all that was said before a restore, also
    where the same backup, or an older one, is restored again. Nothing says a thousand versions a second."""
    base = int((uow.now - ERA) / timedelta(milliseconds=1))
    by_version: dict[int, list[str]] = defaultdict(list)
    left = set(ids)
    for say in await announcer.snapshots(uow, ids):
        try:
            by_version[say.version or 0].append(say_id(uow, say))
        except Unprocessable:  # too large to be said now; its next event must have a version of its own, too
            continue
    for version, same in by_version.items():
        await announcer.raise_versions(uow, same, max(1, base - version))
        left.difference_update(same)
    await announcer.raise_versions(uow, sorted(left), base)


async def _announce(uow: UnitOfWork, announcer: Announcer, row: Any, ids: Sequence[str]) -> int:
    """Answers how many were said; what is gone meanwhile, or too large for a topic, is skipped."""
    if row["raise_versions"]:
        await _raise_versions(uow, announcer, ids)
    said = 0
    for say in await announcer.snapshots(uow, ids):
        try:
            uow.publish(say, Cause(f"announcement-{row['id']}"))
            said += 1
        except Unprocessable as fact:
            log.error("snapshot not announced", kind=announcer.kind, code=fact.code)
    return said
