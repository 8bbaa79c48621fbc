"""The record of what people tried to change and were refused: added to, and forgotten after a year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork

KEPT = timedelta(days=366)  # the table itself lets nothing go before 365
MOST_AN_HOUR = 100
"""Of one person: a flood of tries may not fill the record."""

_RECORD = """
insert into refused_tries (at, by_agency, by_sub, act, client_id, refused, correlation_id)
select $1, $2, $3, $4, $5, $6, $7
 where (select count(*) from refused_tries where by_agency = $2 and by_sub = $3 and at > $8) < $9"""

_PAGE = """select id, at, by_agency, by_sub, act, client_id, refused, correlation_id from refused_tries
 where ($1::text is null or by_agency = $1) and ($2::uuid is null or client_id = $2)
   and ($3::bigint is null or id < $3)
 order by id desc limit $4"""

_TRACED = """select at, by_agency, by_sub, act, client_id, refused, correlation_id from refused_tries
 where client_id = $1 or correlation_id = $2 order by id desc limit $3"""

MOST_TRACED = 1000


@dataclass(frozen=True, slots=True)
class RefusedTry:
    """One try. `act` is the method and the route, without what stood in it; `refused` is the code."""

    by_agency: str
    by_sub: str
    act: str
    client_id: UUID | None
    refused: str
    correlation_id: str


async def record(uow: UnitOfWork, tried: RefusedTry) -> None:
    await uow.connection.execute(
        _RECORD,
        uow.now,
        tried.by_agency,
        tried.by_sub,
        tried.act,
        tried.client_id,
        tried.refused,
        tried.correlation_id,
        uow.now - timedelta(hours=1),
        MOST_AN_HOUR,
    )


async def page(
    database: Database, agency: str | None, client_id: UUID | None, before: int | None, limit: int
) -> Sequence[Any]:
    """At most `limit` tries, the newest first: of an agency's people or everybody's, on one client or whatever."""
    return await database.fetch(_PAGE, agency, client_id, before, limit)


async def traced(database: Database, client_id: UUID | None, correlation_id: str | None) -> Sequence[Any]:
    """The last tries on one client, and those of one correlation id."""
    return await database.fetch(_TRACED, client_id, correlation_id, MOST_TRACED)


async def forget_old(uow: UnitOfWork, limit: int = 1000) -> int:
    """Removes what is older than a year, and answers how many."""
    done = await uow.connection.execute(
        "delete from refused_tries where id in (select id from refused_tries where at < $1 order by at limit $2)",
        uow.now - KEPT,
        limit,
    )
    return int(done.split()[-1])
