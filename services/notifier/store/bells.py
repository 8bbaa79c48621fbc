"""Stores bells and rings them: rows of a user get that user's next numbers, and whoever looks is poked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from chassis.adding import add_rows
from chassis.announce import Source
from chassis.ids import uuid7
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.bell import Bell, Handled
from services.notifier.domain.kinds import ENDED, MAIL_KINDS
from services.notifier.store import pokes

COLUMNS = (
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
    "facts",
    "about",
    "about_sub",
    "handled_how",
    "handled_by",
    "handled_by_sub",
    "handled_at",
)
SELECT = f"select {', '.join(COLUMNS)} from bells"  # noqa: S608  # names of our own
_FOLLOWED = f"not kind = any('{{{','.join(('client_listed', *MAIL_KINDS, *ENDED))}}}')"


async def of_clients(uow: UnitOfWork, kind: str, client_ids: Sequence[UUID]) -> dict[UUID, Bell]:
    """The bells of one kind of these clients, locked."""
    rows = await uow.connection.fetch(
        SELECT + " where kind = $1 and client_id = any($2) order by id for update", kind, client_ids
    )
    return {row["client_id"]: bell(row) for row in rows}


async def open_of(uow: UnitOfWork, agencies: Sequence[str], client_ids: Sequence[UUID | None]) -> list[Bell]:
    """The bells of these clients that something may yet become of, beside those of listings and mails, locked; and
    those of the agencies themselves."""
    rows = await uow.connection.fetch(
        f"""{SELECT} where handled_at is null and {_FOLLOWED} and client_id = any($1::uuid[])
            union all {SELECT} where handled_at is null and client_id is null and agency = any($2)""",
        [each for each in client_ids if each is not None],
        agencies if None in client_ids else [],
    )
    await uow.connection.execute("select from bells where id = any($1) order by id for update", [r["id"] for r in rows])
    return [bell(row) for row in rows]


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
    """Adds what is new, updates what changed, and rings for the recipients. One that is there already is left alone."""
    new = await _not_there(uow, [replace(each, id=uuid7()) for each in bells if each.id is None])
    changed = [each for each in bells if each.id is not None]
    await add_rows(uow.connection, "bells", COLUMNS, [_row(each) for each in new])
    if changed:
        await _update(uow, changed)
    await _ring(uow, [(each, sub) for each in (*new, *changed) for sub in each.recipients])


async def _not_there(uow: UnitOfWork, new: Sequence[Bell]) -> list[Bell]:
    """Those that no bell of the same kind and cause is stored of."""
    rows = await uow.connection.fetch(
        """select n.place from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
                  with ordinality n(client_id, agency, kind, cause_id, place)
             join bells b on b.kind = n.kind and b.cause_id = n.cause_id
                         and (b.client_id = n.client_id
                              or b.client_id is null and n.client_id is null and b.agency = n.agency)""",
        [each.client_id for each in new],
        [each.agency for each in new],
        [each.kind for each in new],
        [each.cause_id for each in new],
    )
    there = {row["place"] for row in rows}
    return [each for place, each in enumerate(new, 1) if place not in there]


async def _update(uow: UnitOfWork, changed: Sequence[Bell]) -> None:
    """What became of bells; whoever has one of them hears of it."""
    handled = [each.handled for each in changed]
    await uow.connection.execute(
        """update bells b set waiting = n.waiting, handled_how = n.how, handled_by = n.by, handled_by_sub = n.by_sub,
                  handled_at = n.at
             from unnest($1::uuid[], $2::bool[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
                    n(id, waiting, how, by, by_sub, at)
            where b.id = n.id""",
        [each.id for each in changed],
        [each.waiting for each in changed],
        [each.how if each else None for each in handled],
        [each.by if each else None for each in handled],
        [each.by_sub if each else None for each in handled],
        [each.at if each else None for each in handled],
    )
    await poke_readers(uow, [each.id for each in changed])


async def poke_readers(uow: UnitOfWork, ids: Iterable[UUID | None]) -> None:
    """Whoever has items of these bells hears that they read otherwise now."""
    rows = await uow.connection.fetch(
        "select agency, sub, seq from notifications where bell_id = any($1::uuid[])", list(ids)
    )
    pokes.poke(uow, ((row["agency"], row["sub"], row["seq"]) for row in rows))


async def poke_readers_of(uow: UnitOfWork, client_ids: Sequence[UUID]) -> None:
    """As `poke_readers`, of all bells of these clients."""
    if client_ids:
        rows = await uow.connection.fetch("select id from bells where client_id = any($1::uuid[])", client_ids)
        await poke_readers(uow, [row["id"] for row in rows])


async def _ring(uow: UnitOfWork, rings: Sequence[tuple[Bell, str]]) -> None:
    if not rings:
        return
    numbers = await _take_numbers(uow, Counter((each.agency, sub) for each, sub in rings))
    records = []
    for each, sub in rings:
        numbers[each.agency, sub] += 1
        records.append((uuid7(), each.id, each.agency, sub, numbers[each.agency, sub], uow.now))
    pokes.poke(uow, ((agency, sub, seq) for _, _, agency, sub, seq, _ in records))
    await add_rows(uow.connection, "notifications", ("id", "bell_id", "agency", "sub", "seq", "created_at"), records)


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
    how = row["handled_how"]
    handled = Handled(how, row["handled_by"], row["handled_at"], row["handled_by_sub"]) if how else None
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
        facts=orjson.loads(row["facts"]),
        about=row["about"],
        about_sub=row["about_sub"],
    )


def _row(new: Bell) -> tuple[Any, ...]:
    handled = new.handled
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
        orjson.dumps(dict(new.facts)).decode(),
        new.about,
        new.about_sub,
        *((handled.how, handled.by, handled.by_sub, handled.at) if handled else (None,) * 4),
    )
