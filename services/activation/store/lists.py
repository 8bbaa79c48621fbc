"""Reads of activations outside any transaction: the list, one entry, and the way of a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.paging import Cursors, Moment

Place = tuple[datetime, UUID]
"""`listed_at` and id of an entry; the list is ordered by these, newest first."""

NEWEST: Place = (datetime.max.replace(tzinfo=UTC), UUID(int=0))
"""The place before every entry."""

CURSORS: Cursors[Place] = Cursors("activations", tuple[Moment, UUID])

_SHOWN = """client_id, client_name, status, origin, test, listed_at, created_at, created_by_sub, created_by_name,
  responsible_consultant, program_access, activated_by_sub, activated_by_name, activated_at"""

_COUNTS = """array(select l.program from licences l where l.client_id = a.client_id order by l.program) as programs,
  array(select l.purchased from licences l where l.client_id = a.client_id order by l.program) as purchased"""

# What a consultant sees of an agency where each sees the clients they have to do with.
_OWN = """(
  $12 in (created_by_sub, responsible_consultant)
  or exists (select from links l where l.sub = $12 and l.client_id = activations.client_id)
  or exists (select from users u where u.sub = $12 and u.state = 'active' and u.client_id = activations.client_id))"""
_OWN_OF_THREE = _OWN.replace("$12", "$3")

# One index walk for each status, so that (agency, status, listed_at, client_id) serves every filter and order.
# The names are compared in lower case by the rules of Unicode, whatever the database's own locale.
_PAGE = f"""
select a.*, {_COUNTS} from (
  select entry.* from unnest($2::text[]) as wanted(status) cross join lateral (
    select {_SHOWN} from activations
     where agency = $1 and status = wanted.status and (listed_at, client_id) < ($3, $4)
       and ($5 = '' or strpos(lower(client_name collate pg_c_utf8), lower($5 collate pg_c_utf8)) > 0)
       and ($7::text is null or origin = $7)
       and ($8::text is null or coalesce(responsible_consultant, '') = $8)
       and ($9::text is null or created_by_sub = $9)
       and ($10::timestamptz is null or listed_at < $10)
       and ($11::boolean is null or $11 = exists (
             select from hidden_entries h where h.agency = $1 and h.sub = $12 and h.client_id = activations.client_id))
       and (not $13 or {_OWN})
     order by listed_at desc, client_id desc limit $6
  ) entry
  order by listed_at desc, client_id desc limit $6
) a order by listed_at desc, client_id desc"""  # noqa: S608  # column names only

_ONE = f"""select {_SHOWN}, {_COUNTS} from activations a where agency = $1 and client_id = $2
  and (not $4 or {_OWN_OF_THREE.replace("activations.", "a.")})"""  # noqa: S608  # our own names

_VISIBLE = f"""select client_id from activations where agency = $1 and client_id = any($2::uuid[])
  and (not $4 or {_OWN_OF_THREE})"""  # noqa: S608  # our own names

_TRACED = """select client_id, correlation_id, origin, listed_at, activated_at, activated_by_sub,
  became_system_administrator, cancelled_at, cancelled_by_kind, reason from activations """


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of these states, with these words in the name, and so on; None: any.

    `responsible` "" are those that nobody in particular answers for. `sub` is who looks: whose hidden entries count,
    and, with `own`, whose clients are shown alone.
    """

    statuses: Sequence[str]
    q: str
    sub: str
    own: bool
    origin: str | None = None
    responsible: str | None = None
    created_by: str | None = None
    listed_before: datetime | None = None
    hidden: bool | None = None


async def page(database: Database, agency: str, wanted: Wanted, after: Place, limit: int) -> list[Any]:
    """At most `limit` entries of one agency that come after a place, newest first."""
    return await database.fetch(
        _PAGE,
        agency,
        wanted.statuses,
        *after,
        wanted.q,
        limit,
        wanted.origin,
        wanted.responsible,
        wanted.created_by,
        wanted.listed_before,
        wanted.hidden,
        wanted.sub,
        wanted.own,
    )


async def sees_own_only(database: Database, agency: str) -> bool:
    """Whether each consultant of the agency sees the clients they have to do with, and no others."""
    found: bool = (
        await database.fetchrow(
            "select exists (select from agencies where agency = $1 and client_visibility = 'linked')", agency
        )
    )[0]
    return found


async def visible(database: Database, agency: str, ids: Sequence[UUID], sub: str, *, own: bool) -> set[UUID]:
    """Those of some entries that are there for somebody; with `own` only those that they have to do with."""
    return {row["client_id"] for row in await database.fetch(_VISIBLE, agency, ids, sub, own)}


async def hide(database: Database, agency: str, sub: str, ids: Sequence[UUID]) -> None:
    """Takes entries out of somebody's own view of the list."""
    await database.execute(
        """insert into hidden_entries (agency, sub, client_id)
           select $1, $2, client_id from activations where agency = $1 and client_id = any($3::uuid[])
           on conflict do nothing""",
        agency,
        sub,
        ids,
    )


async def unhide(database: Database, agency: str, sub: str, ids: Sequence[UUID]) -> None:
    """Puts them back."""
    await database.execute(
        "delete from hidden_entries where agency = $1 and sub = $2 and client_id = any($3::uuid[])", agency, sub, ids
    )


async def one(database: Database, agency: str, client_id: UUID, sub: str, *, own: bool) -> Any:
    """One entry of an agency, or None; with `own` only for whoever has to do with the client."""
    return await database.fetchrow(_ONE, agency, client_id, sub, own)


async def of_client(database: Database, client_id: UUID) -> list[Any]:
    """What is told of the way of one client: at most one row."""
    return await database.fetch(_TRACED + "where client_id = $1", client_id)


async def of_correlation(database: Database, correlation_id: str) -> list[Any]:
    """What is told of the clients that came under one correlation id."""
    return await database.fetch(_TRACED + "where correlation_id = $1", correlation_id)
