"""Drafts: loaded and opened, saved sealed; their pages, and those that fall due."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from schemas.values import Person
from services.onboarding.domain.draft_content import Content
from services.onboarding.domain.drafts import KEPT, Draft, DraftStatus

_SHOWN = """draft_id, version, agency, created_by_sub, created_by_name, status, client_id, created_at, updated_at,
  expires_at, master_key_id, wrapped_key, sealed"""

_LOAD = f"select {_SHOWN} from drafts where draft_id = any($1::uuid[]) order by draft_id"  # noqa: S608  # names only

_PAGE = f"""select {_SHOWN} from drafts
 where agency = $1 and ($2::text is null or created_by_sub = $2) and ($3::uuid is null or draft_id < $3)
   and case when status = 'draft' and expires_at <= $4 then 'expired' else status end = $5
 order by draft_id desc limit $6"""  # noqa: S608  # column names only

_SAVE = """insert into drafts (draft_id, version, agency, created_by_sub, created_by_name, status, client_id,
       created_at, updated_at, expires_at, master_key_id, wrapped_key, sealed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (draft_id) do update set version = excluded.version, status = excluded.status,
  client_id = excluded.client_id, updated_at = excluded.updated_at, expires_at = excluded.expires_at,
  master_key_id = excluded.master_key_id, wrapped_key = excluded.wrapped_key, sealed = excluded.sealed"""

_EXPIRE = """update drafts set status = 'expired', version = version + 1, updated_at = $1, master_key_id = null,
       wrapped_key = null, sealed = null
 where draft_id in (select draft_id from drafts where status = 'draft' and expires_at <= $1
                     order by expires_at limit $2 for update skip locked)"""

_FORGET = """delete from drafts where draft_id in
 (select draft_id from drafts where status <> 'draft' and updated_at <= $1 order by updated_at limit $2)"""


Sealed = tuple[str | None, bytes | None, bytes | None]
"""Master key id, wrapped key and sealed content, all None once a draft has ended."""


async def lock(uow: UnitOfWork, keys: Sequence[UUID]) -> list[Any]:
    """The rows of the drafts that exist, locked."""
    return await uow.connection.fetch(_LOAD + " for update", keys)


async def read(uow: UnitOfWork, key: UUID) -> Any:
    """One row without a lock, or None."""
    return await uow.connection.fetchrow(_LOAD, [key])


async def page(
    database: Database, agency: str, sub: str | None, before: UUID | None, status: DraftStatus, limit: int
) -> list[Any]:
    """At most `limit` drafts in a state, newest first: one person's, or all of the agency."""
    return await database.fetch(_PAGE, agency, sub, before, database.clock(), status, limit)


async def save(uow: UnitOfWork, changes: Sequence[tuple[Change[UUID, Draft], Sealed]]) -> None:
    """Writes drafts with their sealed content."""
    await uow.connection.executemany(_SAVE, [_row(change.after, sealed) for change, sealed in changes])


async def delete(uow: UnitOfWork, draft_id: UUID) -> None:
    """Removes one draft."""
    await uow.connection.execute("delete from drafts where draft_id = $1", draft_id)


async def count_open(uow: UnitOfWork, agency: str, sub: str) -> int:
    """How many drafts somebody has that are neither submitted nor expired; at once by one alone."""
    await uow.connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('drafts:' || $1 || '/' || $2, 7))", agency, sub
    )
    found = await uow.connection.fetchval(
        """select count(*) from drafts
            where agency = $1 and created_by_sub = $2 and status = 'draft' and expires_at > $3""",
        agency,
        sub,
        uow.now,
    )
    return int(found)


async def expire(uow: UnitOfWork, limit: int = 500) -> int:
    """Ends drafts whose time is over, and destroys their content; answers how many."""
    return int((await uow.connection.execute(_EXPIRE, uow.now, limit)).split()[-1])


async def forget_ended(uow: UnitOfWork, limit: int = 500) -> int:
    """Removes drafts that ended long ago."""
    return int((await uow.connection.execute(_FORGET, uow.now - KEPT, limit)).split()[-1])


def draft_of(row: Any, content: Content) -> Draft:
    """A row, and its content as it was opened."""
    return Draft(
        draft_id=row["draft_id"],
        version=row["version"],
        agency=row["agency"],
        created_by=Person(sub=row["created_by_sub"], name=row["created_by_name"]),
        status=row["status"],
        content=content,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        expires_at=row["expires_at"],
        client_id=row["client_id"],
    )


def _row(draft: Draft, sealed: Sealed) -> tuple[Any, ...]:
    return (
        draft.draft_id,
        draft.version,
        draft.agency,
        draft.created_by.sub,
        draft.created_by.name,
        draft.status,
        draft.client_id,
        draft.created_at,
        draft.updated_at,
        draft.expires_at,
        *sealed,
    )
