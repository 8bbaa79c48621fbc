"""Reads of activations outside any transaction: the list, one entry, and the way of a client."""

from collections.abc import Sequence
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

# One index walk for each status, so that (agency, status, listed_at, client_id) serves every filter and order.
# The names are compared in lower case by the rules of Unicode, whatever the database's own locale.
_PAGE = f"""
select a.*, {_COUNTS} from (
  select entry.* from unnest($2::text[]) as wanted(status) cross join lateral (
    select {_SHOWN} from activations
     where agency = $1 and status = wanted.status and (listed_at, client_id) < ($3, $4)
       and ($5 = '' or strpos(lower(client_name collate pg_c_utf8), lower($5 collate pg_c_utf8)) > 0)
     order by listed_at desc, client_id desc limit $6
  ) entry
  order by listed_at desc, client_id desc limit $6
) a order by listed_at desc, client_id desc"""  # noqa: S608  # column names only

_ONE = f"select {_SHOWN}, {_COUNTS} from activations a where agency = $1 and client_id = $2"  # noqa: S608  # as above

_TRACED = """select client_id, correlation_id, origin, listed_at, activated_at, activated_by_sub,
  became_system_administrator, cancelled_at, cancelled_by_kind, reason from activations """


async def page(database: Database, agency: str, statuses: Sequence[str], q: str, after: Place, limit: int) -> list[Any]:
    """At most `limit` entries of one agency that come after a place, newest first."""
    return await database.fetch(
        _PAGE,
        agency,
        statuses,
        *after,
        q,
        limit,
    )


async def one(database: Database, agency: str, client_id: UUID) -> Any:
    """One entry of an agency, or None."""
    return await database.fetchrow(_ONE, agency, client_id)


async def of_client(database: Database, client_id: UUID) -> list[Any]:
    """What is told of the way of one client: at most one row."""
    return await database.fetch(_TRACED + "where client_id = $1", client_id)


async def of_correlation(database: Database, correlation_id: str) -> list[Any]:
    """What is told of the clients that came under one correlation id."""
    return await database.fetch(_TRACED + "where correlation_id = $1", correlation_id)
