"""Agencies and their consultants: loaded locked, saved by upsert; and what is read of them."""

from collections.abc import Collection, Sequence
from typing import Any

from chassis.adding import add_rows
from chassis.db import Database
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from schemas.values import Locale
from services.onboarding.domain.agency import Agency, Consultant
from services.onboarding.store import removals

_LOCKED = """select agency, version, name, locale, client_visibility from agencies
 where agency = any($1::text[]) order by agency for update"""
_READ = "select agency, version, name, locale, client_visibility from agencies where agency = $1"
_CONSULTANTS = """select agency, sub, name, email, locale, roles from consultants
 where agency = any($1::text[]) order by agency, name, sub"""


_PAGE = """select a.agency, a.name, a.locale, a.client_visibility, a.version,
       (select count(*) from consultants c where c.agency = a.agency) as consultants
  from agencies a
 where ($1::text is null or a.agency = $1) and a.agency collate "C" > $3
   and ($2 = '' or strpos(lower(a.name collate pg_c_utf8), lower($2 collate pg_c_utf8)) > 0 or a.agency = $2)
 order by a.agency collate "C" limit $4"""

_STAFF = """select c.agency, c.sub from consultants c
  join unnest($1::text[], $2::text[]) as n(agency, sub) on (c.agency, c.sub) = (n.agency, n.sub)
 where not exists (select from consultant_removals r
                    where r.agency = c.agency and r.sub = c.sub and r.state = 'pending')"""

_PENDING = f"""select {removals.COLUMNS} from consultant_removals
 where agency = any($1::text[]) and state = 'pending'"""  # noqa: S608  # column names only


async def load(uow: UnitOfWork, keys: Sequence[str]) -> dict[str, Agency]:
    """The agencies that exist, locked, with their consultants."""
    rows = await uow.connection.fetch(_LOCKED, keys)
    consultants = await uow.connection.fetch(_CONSULTANTS, keys) if rows else []
    pending = await uow.connection.fetch(_PENDING, keys) if rows else []
    return {row["agency"]: _agency(row, consultants, pending) for row in rows}


async def read(database: Database, agency: str) -> Agency | None:
    """One agency as it is now, or None."""
    row = await database.fetchrow(_READ, agency)
    return (
        None
        if row is None
        else _agency(row, await database.fetch(_CONSULTANTS, [agency]), await database.fetch(_PENDING, [agency]))
    )


async def page(database: Database, only: str | None, q: str, after: str, limit: int) -> list[Any]:
    """At most `limit` agencies in the order of their ids, after one; `only` one, or all."""
    return await database.fetch(_PAGE, only, q, after, limit)


async def registered(database: Database, agencies: Collection[str]) -> set[str]:
    """Which of these agencies there are."""
    if not agencies:
        return set()
    rows = await database.fetch("select agency from agencies where agency = any($1::text[])", list(agencies))
    return {row["agency"] for row in rows}


async def locales(uow: UnitOfWork, agencies: Collection[str]) -> dict[str, Locale]:
    """The registered ones of some agencies → their language."""
    if not agencies:
        return {}
    rows = await uow.connection.fetch(
        "select agency, locale from agencies where agency = any($1::text[])", list(agencies)
    )
    return {row["agency"]: row["locale"] for row in rows}


async def staff(uow: UnitOfWork, named: Collection[tuple[str | None, str | None]]) -> set[tuple[str, str]]:
    """Those of (agency, subject) who are consultants there, and not about to be removed."""
    if not named:
        return set()
    rows = await uow.connection.fetch(_STAFF, [agency for agency, _ in named], [sub for _, sub in named])
    return {(row["agency"], row["sub"]) for row in rows}


async def save(uow: UnitOfWork, changes: Sequence[Change[str, Agency]]) -> None:
    """Writes agencies, and of their consultants and removals those that changed."""
    after = [change.after for change in changes]
    new = [change.after for change in changes if change.before is None]
    await add_rows(
        uow.connection,
        "agencies",
        ("agency", "version", "name", "locale", "client_visibility"),
        [(each.agency, each.version, each.name, each.locale, each.client_visibility) for each in new],
    )
    await uow.connection.execute(
        """update agencies a set version = c.version, name = c.name, locale = c.locale,
                  client_visibility = c.client_visibility
             from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
               as c(agency, version, name, locale, client_visibility)
            where a.agency = c.agency and a.version < c.version""",
        [each.agency for each in after],
        [each.version for each in after],
        [each.name for each in after],
        [each.locale for each in after],
        [each.client_visibility for each in after],
    )
    await _save_consultants(uow, [pair for change in changes for pair in _changed(change)])
    await removals.save(uow, changes)


async def _save_consultants(uow: UnitOfWork, changed: Sequence[tuple[str, Consultant]]) -> None:
    await uow.connection.executemany(  # roles are arrays of their own, which unnest would flatten; these are few
        """insert into consultants (agency, sub, name, email, locale, roles) values ($1, $2, $3, $4, $5, $6)
           on conflict (agency, sub) do update
             set name = excluded.name, email = excluded.email, locale = excluded.locale, roles = excluded.roles""",
        [(agency, each.sub, each.name, each.email, each.locale, list(each.roles)) for agency, each in changed],
    )


def _changed(change: Change[str, Agency]) -> list[tuple[str, Consultant]]:
    before = {} if change.before is None else change.before.consultants
    return [(change.key, each) for sub, each in change.after.consultants.items() if before.get(sub) != each]


def _agency(row: Any, consultants: Sequence[Any], pending: Sequence[Any]) -> Agency:
    mine = (each for each in consultants if each["agency"] == row["agency"])
    return Agency(
        row["agency"],
        row["version"],
        row["name"],
        row["locale"],
        row["client_visibility"],
        {
            each["sub"]: Consultant(each["sub"], each["name"], each["email"], each["locale"], tuple(each["roles"]))
            for each in mine
        },
        {each["request_id"]: removals.removal(each) for each in pending if each["agency"] == row["agency"]},
    )
