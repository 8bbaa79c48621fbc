"""The record of who saw, or tried to see, a number whole: only ever added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Try:
    """One try. `refused` is the code; None: the number was shown."""

    client_id: UUID
    agency: str
    by_agency: str
    by_sub: str
    reason: str | None
    refused: str | None
    correlation_id: str


async def recent(uow: UnitOfWork, agency: str, sub: str, after: datetime) -> tuple[list[datetime], bool]:
    """When somebody tried since a moment, and whether the limit was met; at once by one alone."""
    await uow.connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('reveal:' || $1 || '/' || $2, 7))", agency, sub
    )
    rows = await uow.connection.fetch(
        "select at, refused from identity_reveals where by_agency = $1 and by_sub = $2 and at > $3", agency, sub, after
    )
    limited = any(row["refused"] == "reveal_limit" for row in rows)
    return [row["at"] for row in rows if row["refused"] != "reveal_limit"], limited


async def record(uow: UnitOfWork, tried: Try) -> None:
    await uow.connection.execute(
        """insert into identity_reveals (client_id, agency, by_agency, by_sub, reason, refused, correlation_id, at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        tried.client_id,
        tried.agency,
        tried.by_agency,
        tried.by_sub,
        tried.reason,
        tried.refused,
        tried.correlation_id,
        uow.now,
    )


async def identity(uow: UnitOfWork, client_id: UUID) -> Any:
    """Agency, kind and organisation number of a client, or None."""
    return await uow.connection.fetchrow(
        "select agency, identity_kind, org_number from clients where client_id = $1", client_id
    )


async def page(database: Database, client_id: UUID, before: int | None, limit: int) -> Sequence[Any]:
    """The tries on one client, the newest first."""
    return await database.fetch(
        """select id, at, by_agency, by_sub, reason, refused, correlation_id from identity_reveals
            where client_id = $1 and ($2::bigint is null or id < $2) order by id desc limit $3""",
        client_id,
        before,
        limit,
    )
