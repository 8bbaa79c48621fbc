"""Ids, versions and whole rows of agencies and clients, to be announced and to be compared with activation's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.announce import Known, Source
from chassis.unit_of_work import UnitOfWork

FIRST = UUID(int=0)

_CLIENTS = """select client_id, version, agency, status, name, identity_kind, protected_identity, origin, source,
       external_ref, test, program_access, invoice_recipient, invoice_interval, counts, confirmation_email, locale,
       created_at, created_by_sub, created_by_name, responsible_consultant, administrators, correlation_id
  from clients where client_id = any($1::uuid[]) order by client_id for update"""


async def agencies(source: Source, after: str, limit: int) -> list[Known]:
    """Agencies in the order of their ids."""
    rows = await source.fetch(
        """select agency, version from agencies where agency collate "C" > $1
            order by agency collate "C" limit $2""",
        after,
        limit,
    )
    return [Known(row["agency"], row["version"]) for row in rows]


async def clients(source: Source, after: str, limit: int) -> list[Known]:
    """Clients in the order of their ids."""
    rows = await source.fetch(
        "select client_id, version, live from clients where client_id > $1 order by client_id limit $2",
        UUID(after) if after else FIRST,
        limit,
    )
    return [Known(str(row["client_id"]), row["version"], not row["live"]) for row in rows]


async def listed(source: Source, after: str, limit: int) -> list[str]:
    """The clients of which activation has told."""
    rows = await source.fetch(
        """select client_id from clients where client_id > $1 and listed_at is not null
            order by client_id limit $2""",
        UUID(after) if after else FIRST,
        limit,
    )
    return [str(row["client_id"]) for row in rows]


async def lock_clients(uow: UnitOfWork, ids: Sequence[UUID]) -> list[Any]:
    """The clients that exist, whole and locked."""
    return await uow.connection.fetch(_CLIENTS, ids)


async def raise_agencies(uow: UnitOfWork, ids: Sequence[str], by: int) -> None:
    """Leaves out versions that may have been said before a restore."""
    await uow.connection.execute("update agencies set version = version + $2 where agency = any($1::text[])", ids, by)


async def raise_clients(uow: UnitOfWork, ids: Sequence[UUID], by: int) -> None:
    """The same for clients."""
    await uow.connection.execute("update clients set version = version + $2 where client_id = any($1::uuid[])", ids, by)
