"""Removals of consultants: asked, answered, and the consultants that are gone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from schemas.values import Person
from services.onboarding.domain.agency import Agency, Removal

COLUMNS = """agency, request_id, sub, state, requested_at, requested_by_sub, requested_by_name, answered_at, clients"""


async def save(uow: UnitOfWork, changes: Sequence[Change[str, Agency]]) -> None:
    """Stores what was asked and answered, and takes out the consultants who are gone."""
    for change in changes:  # agencies change one at a time, and seldom
        before = {} if change.before is None else change.before.removals
        for removal in change.after.removals.values():
            if before.get(removal.request_id) != removal:
                await _put(uow, change.key, removal)
        known = {} if change.before is None else change.before.consultants
        gone = sorted(set(known) - set(change.after.consultants))
        if gone:
            await uow.connection.execute(
                "delete from consultants where agency = $1 and sub = any($2::text[])", change.key, gone
            )


async def read(database: Database, agency: str, sub: str, request_id: UUID) -> Removal | None:
    """One wish to remove a consultant, with its answer; or None."""
    row = await database.fetchrow(
        f"select {COLUMNS} from consultant_removals where request_id = $1 and agency = $2 and sub = $3",  # noqa: S608  # column names only
        request_id,
        agency,
        sub,
    )
    return None if row is None else removal(row)


def removal(row: Any) -> Removal:
    """A row as the domain has it."""
    return Removal(
        row["request_id"],
        row["sub"],
        row["requested_at"],
        Person(sub=row["requested_by_sub"], name=row["requested_by_name"]),
        row["state"],
        row["answered_at"],
        tuple(row["clients"]),
    )


async def _put(uow: UnitOfWork, agency: str, each: Removal) -> None:
    await uow.connection.execute(
        f"""insert into consultant_removals ({COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (request_id) do update
              set state = excluded.state, answered_at = excluded.answered_at, clients = excluded.clients""",  # noqa: S608  # column names only
        agency,
        each.request_id,
        each.sub,
        each.state,
        each.requested_at,
        each.by.sub,
        each.by.name,
        each.answered_at,
        list(each.clients),
    )
