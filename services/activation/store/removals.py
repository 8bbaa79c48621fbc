"""Consultants who are to leave their agency: whose turn it is, which clients they have, and what was answered."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.unit_of_work import UnitOfWork
from services.activation.store.staff import LOCK_STAFF


@dataclass(frozen=True, slots=True)
class Removal:
    """A wish of onboarding's to remove a consultant. `marked`: nothing has been given to them since."""

    agency: str
    sub: str
    request_id: UUID
    marked: bool


async def first(uow: UnitOfWork) -> Removal | None:
    """The wish that has waited longest and is not put off, locked."""
    row = await uow.connection.fetchrow(
        """select agency, sub, request_id, marked from removals where put_off_until is null or put_off_until <= $1
            order by place limit 1 for update skip locked""",
        uow.now,
    )
    return None if row is None else Removal(**dict(row))


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
    """From now on nothing is given to the consultant any more, though onboarding has not removed them yet.

    Waits for those who may be giving them something at this moment. No client may be locked in this transaction:
    whoever gives something locks the client first.
    """
    await uow.connection.execute(LOCK_STAFF, [removal.agency])
    await _set_leaving(uow, removal, True)


async def keep(uow: UnitOfWork, removal: Removal) -> None:
    """The consultant stays, and can be given things again."""
    await _set_leaving(uow, removal, False)


async def _set_leaving(uow: UnitOfWork, removal: Removal, leaving: bool) -> None:
    await uow.connection.execute(
        "update consultants set leaving = $3 where agency = $1 and sub = $2", removal.agency, removal.sub, leaving
    )
    await uow.connection.execute(
        "update removals set marked = $3 where agency = $1 and request_id = $2",
        removal.agency,
        removal.request_id,
        leaving,
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
