"""Consultants who are to leave their agency: whose turn it is, which clients they have, and what was answered."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Removal:
    """A wish of onboarding's to remove a consultant."""

    agency: str
    sub: str
    request_id: UUID


async def first(uow: UnitOfWork) -> Removal | None:
    """The wish that has waited longest and is not put off, locked."""
    row = await uow.connection.fetchrow(
        """select agency, sub, request_id from removals where put_off_until is null or put_off_until <= $1
            order by place limit 1 for update skip locked""",
        uow.now,
    )
    return None if row is None else Removal(row["agency"], row["sub"], row["request_id"])


async def clients_of(uow: UnitOfWork, agency: str, sub: str) -> list[UUID]:
    """The open clients of an agency that a consultant is linked to, is a user of, or answers for."""
    rows = await uow.connection.fetch(
        """select a.client_id from activations a
            where a.agency = $1 and a.client_name <> '' and a.status in ('pending', 'activated', 'configured')
              and a.client_id in (
              select client_id from links where sub = $2
              union select client_id from users where sub = $2 and kind = 'consultant' and state <> 'removed')
           union
           select client_id from activations
            where responsible_consultant = $2 and agency = $1 and client_name <> ''
              and status in ('pending', 'activated', 'configured')
            order by 1""",
        agency,
        sub,
    )
    return [row["client_id"] for row in rows]


async def mark_leaving(uow: UnitOfWork, removal: Removal) -> None:
    """From now on nothing is given to the consultant any more, though onboarding has not removed them yet."""
    await uow.connection.execute(
        "update consultants set leaving = true where agency = $1 and sub = $2", removal.agency, removal.sub
    )


async def put_off(uow: UnitOfWork, removal: Removal, until: datetime) -> None:
    """Has the wish wait, so that it holds up no other."""
    await uow.connection.execute(
        "update removals set put_off_until = $3 where agency = $1 and request_id = $2",
        removal.agency,
        removal.request_id,
        until,
    )


async def settle(uow: UnitOfWork, removal: Removal) -> int:
    """Ends the wish and answers the version of what is said about it: the agency's own count."""
    await uow.connection.execute(
        "delete from removals where agency = $1 and request_id = $2", removal.agency, removal.request_id
    )
    version: int = await uow.connection.fetchval(
        """insert into release_counts (agency, released) values ($1, 1)
           on conflict (agency) do update set released = release_counts.released + 1 returning released""",
        removal.agency,
    )
    return version
