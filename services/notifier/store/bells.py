"""Stores bells and rings them: rows of a user get that user's next numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from chassis.announce import Source
from chassis.ids import uuid7
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.bell import Bell, Handled

COLUMNS = [
    "id",
    "client_id",
    "agency",
    "kind",
    "cause_id",
    "client_name",
    "test",
    "audience",
    "waiting",
    "correlation_id",
    "created_at",
    "handled_how",
    "handled_by",
    "handled_at",
]
SELECT = f"select {', '.join(COLUMNS)} from bells"  # noqa: S608  # names of our own


async def of_clients(uow: UnitOfWork, kind: str, client_ids: Sequence[UUID]) -> dict[UUID, Bell]:
    """The bells of one kind of these clients, locked."""
    rows = await uow.connection.fetch(
        SELECT + " where kind = $1 and client_id = any($2) order by id for update", kind, client_ids
    )
    return {row["client_id"]: bell(row) for row in rows}


async def clients(source: Source, after: UUID, limit: int) -> list[UUID]:
    """The clients whose listing was heard of, in the order of their ids."""
    rows = await source.fetch(
        "select client_id from bells where kind = 'client_listed' and client_id > $1 order by client_id limit $2",
        after,
        limit,
    )
    return [row["client_id"] for row in rows]


async def waiting_in(uow: UnitOfWork, agencies: Sequence[str]) -> list[Bell]:
    """The bells of these agencies that nobody is known for, locked."""
    rows = await uow.connection.fetch(SELECT + " where agency = any($1) and waiting order by id for update", agencies)
    return [bell(row) for row in rows]


async def save(uow: UnitOfWork, bells: Sequence[Bell]) -> None:
    """Adds what is new, updates what changed, and rings for the recipients."""
    new = [replace(each, id=uuid7()) for each in bells if each.id is None]
    changed = [each for each in bells if each.id is not None]
    if new:
        await uow.connection.copy_records_to_table("bells", columns=COLUMNS, records=[_row(each) for each in new])
    if changed:
        await uow.connection.execute(
            """update bells b set waiting = n.waiting, handled_how = n.how, handled_by = n.by, handled_at = n.at
                 from unnest($1::uuid[], $2::bool[], $3::text[], $4::text[], $5::timestamptz[])
                        n(id, waiting, how, by, at)
                where b.id = n.id""",
            [each.id for each in changed],
            [each.waiting for each in changed],
            [each.handled.how if each.handled else None for each in changed],
            [each.handled.by if each.handled else None for each in changed],
            [each.handled.at if each.handled else None for each in changed],
        )
    await _ring(uow, [(each, sub) for each in (*new, *changed) for sub in each.recipients])


async def _ring(uow: UnitOfWork, rings: Sequence[tuple[Bell, str]]) -> None:
    if not rings:
        return
    numbers = await _take_numbers(uow, Counter((each.agency, sub) for each, sub in rings))
    records = []
    for each, sub in rings:
        numbers[each.agency, sub] += 1
        records.append((uuid7(), each.id, each.agency, sub, numbers[each.agency, sub], uow.now))
    await uow.connection.copy_records_to_table(
        "notifications", columns=["id", "bell_id", "agency", "sub", "seq", "created_at"], records=records
    )


async def _take_numbers(uow: UnitOfWork, counts: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The last number before the taken ones. Counters are locked last and in key order, held until commit: a reader who
    has seen a user's number n has seen all below it."""
    users = sorted(counts)
    rows = await uow.connection.fetch(
        """insert into bell_counters as c (agency, sub, last_seq)
           select * from unnest($1::text[], $2::text[], $3::bigint[]) u(agency, sub, n) order by agency, sub
           on conflict (agency, sub) do update set last_seq = c.last_seq + excluded.last_seq
           returning agency, sub, last_seq""",
        [agency for agency, _ in users],
        [sub for _, sub in users],
        [counts[user] for user in users],
    )
    return {(row["agency"], row["sub"]): row["last_seq"] - counts[row["agency"], row["sub"]] for row in rows}


def bell(row: Any) -> Bell:
    """A bell as it stands in its row; nobody is rung for."""
    handled = Handled(row["handled_how"], row["handled_by"], row["handled_at"]) if row["handled_how"] else None
    return Bell(
        id=row["id"],
        client_id=row["client_id"],
        agency=row["agency"],
        kind=row["kind"],
        cause_id=row["cause_id"],
        client_name=row["client_name"],
        test=row["test"],
        audience=row["audience"],
        waiting=row["waiting"],
        correlation_id=row["correlation_id"],
        created_at=row["created_at"],
        recipients=(),
        handled=handled,
    )


def _row(new: Bell) -> tuple[Any, ...]:
    handled = (new.handled.how, new.handled.by, new.handled.at) if new.handled else (None, None, None)
    return (
        new.id,
        new.client_id,
        new.agency,
        new.kind,
        new.cause_id,
        new.client_name,
        new.test,
        new.audience,
        new.waiting,
        new.correlation_id,
        new.created_at,
        *handled,
    )
