"""Clients with all that belongs to them: load and save, under the lock on each one's activation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from schemas.values import Person
from services.activation.domain.activation import Activation, Asked
from services.activation.domain.client import Client
from services.activation.store import history, staff
from services.activation.store.columns import COLUMNS
from services.activation.store.tables import (
    DISCONNECTIONS,
    GRANTS,
    INVITATIONS,
    LICENCES,
    LINKS,
    REDUCTIONS,
    RESTORATIONS,
    USERS,
)

V = TypeVar("V")

_OWN = ("access_version", "configured_by_sub", "configured_by_name", "configured_at", "due_at")
_SELECT = f"select {', '.join((*COLUMNS, *_OWN))} from activations where client_id = any($1::uuid[])"  # noqa: S608  # our own names
_LOCKED = f"{_SELECT} order by client_id for update"

_UPDATE = """
update activations a
   set status = n.status, version = n.version, program_access = n.program_access,
       responsible_consultant = n.responsible_consultant, access_version = n.access_version,
       configured_by_sub = n.configured_by_sub, configured_by_name = n.configured_by_name,
       configured_at = n.configured_at, due_at = n.due_at
  from unnest($1::uuid[], $2::text[], $3::bigint[], $4::boolean[], $5::text[], $6::bigint[], $7::text[], $8::text[],
              $9::timestamptz[], $10::timestamptz[])
    as n(client_id, status, version, program_access, responsible_consultant, access_version, configured_by_sub,
         configured_by_name, configured_at, due_at)
 where a.client_id = n.client_id"""


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Client]:
    """The clients that exist, locked in the order of their keys, and none of their consultants leaves meanwhile."""
    rows = await uow.connection.fetch(_LOCKED, keys)
    await staff.hold(uow, sorted({row["agency"] for row in rows}))
    return await _clients(uow, rows)


async def look(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Client]:
    """The same without locks, to be looked at only; all of it as it was at one moment, once the moment is `still`."""
    return await _clients(uow, await uow.connection.fetch(_SELECT, keys))


async def still(uow: UnitOfWork) -> None:
    """Has all that is read in this transaction be of one moment. To be said before the first reading."""
    await uow.connection.execute("set transaction isolation level repeatable read, read only")


async def save(uow: UnitOfWork, changes: Sequence[Change[UUID, Client]]) -> None:
    """Writes what differs, table by table, and what the history gets."""
    pairs = [(each.key, each.before, each.after) for each in changes if each.before is not None]
    await uow.connection.execute(_UPDATE, *zip(*(_row(after) for _, _, after in pairs), strict=True))
    await USERS.save(uow, [(key, before.users, after.users) for key, before, after in pairs])
    await GRANTS.save(uow, [(key, before.grants, after.grants) for key, before, after in pairs])
    await LICENCES.save(uow, [(key, before.licences, after.licences) for key, before, after in pairs])
    await INVITATIONS.save(uow, [(key, before.invitations, after.invitations) for key, before, after in pairs])
    await REDUCTIONS.save(uow, [(key, before.reductions, after.reductions) for key, before, after in pairs])
    await LINKS.save(
        uow, [(key, dict.fromkeys(before.linked), dict.fromkeys(after.linked)) for key, before, after in pairs]
    )
    await DISCONNECTIONS.save(
        uow, [(key, _one(before.disconnecting), _one(after.disconnecting)) for key, before, after in pairs]
    )
    await RESTORATIONS.save(uow, [(key, _one(before.restoring), _one(after.restoring)) for key, before, after in pairs])
    answered = [key for key, before, after in pairs if before.asked and not after.asked]
    if answered:
        await uow.connection.execute("delete from licence_requests where client_id = any($1::uuid[])", answered)
    await history.add(uow, [after for _, _, after in pairs])


async def due(uow: UnitOfWork, limit: int) -> list[UUID]:
    """Clients for which something has fallen due, locked; those that others are at are left to them."""
    rows = await uow.connection.fetch(
        """select client_id from activations where due_at <= $1
            order by due_at limit $2 for update skip locked""",
        uow.now,
        limit,
    )
    return [row["client_id"] for row in rows]


async def _clients(uow: UnitOfWork, rows: Sequence[Any]) -> dict[UUID, Client]:
    ids = [row["client_id"] for row in rows]
    if not ids:
        return {}
    licences, users, grants = await LICENCES.load(uow, ids), await USERS.load(uow, ids), await GRANTS.load(uow, ids)
    invitations, reductions = await INVITATIONS.load(uow, ids), await REDUCTIONS.load(uow, ids)
    links, wishes, asked = await LINKS.load(uow, ids), await DISCONNECTIONS.load(uow, ids), await _asked(uow, ids)
    restorations = await RESTORATIONS.load(uow, ids)
    agencies = sorted({row["agency"] for row in rows})
    members, linked_only = await staff.of(uow, agencies), await _linked_only(uow, agencies)
    return {
        key: Client(
            activation=Activation(*row[: len(COLUMNS)]),
            access_version=row["access_version"],
            configured_by=_person(row["configured_by_sub"], row["configured_by_name"]),
            configured_at=row["configured_at"],
            licences=licences[key],
            reductions=reductions[key],
            users=users[key],
            grants=grants[key],
            invitations=invitations[key],
            linked=frozenset(links[key]),
            disconnecting=wishes[key].get(None),
            restoring=restorations[key].get(None),
            asked=asked.get(key, ()),
            staff=members.get(row["agency"], {}),
            seen_by_all=row["agency"] not in linked_only,
            due_at=row["due_at"],
        )
        for key, row in zip(ids, rows, strict=True)
    }


async def _asked(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, tuple[Asked, ...]]:
    found: dict[UUID, tuple[Asked, ...]] = {}
    for row in await uow.connection.fetch(
        """select client_id, request_id, by_source, by_id, counts, effective_at, reason, program_access
             from licence_requests where client_id = any($1::uuid[]) order by place""",
        ids,
    ):
        asked = Asked(
            row["request_id"],
            row["by_source"],
            row["by_id"],
            orjson.loads(row["counts"]),
            row["effective_at"],
            row["reason"],
            row["program_access"],
        )
        found[row["client_id"]] = (*found.get(row["client_id"], ()), asked)
    return found


async def _linked_only(uow: UnitOfWork, agencies: Sequence[str]) -> set[str]:
    rows = await uow.connection.fetch(
        "select agency from agencies where agency = any($1::text[]) and client_visibility = 'linked'", agencies
    )
    return {row["agency"] for row in rows}


def _row(client: Client) -> tuple[Any, ...]:
    activation, by = client.activation, client.configured_by
    return (
        activation.client_id,
        activation.status,
        activation.version,
        activation.program_access,
        activation.responsible_consultant,
        client.access_version,
        by.sub if by else None,
        by.name if by else None,
        client.configured_at,
        client.due_at,
    )


def _one(value: V | None) -> Mapping[None, V]:
    return {} if value is None else {None: value}


def _person(sub: str | None, name: str | None) -> Person | None:
    return None if sub is None else Person.model_construct(sub=sub, name=name or "")


async def put_off(uow: UnitOfWork, client_id: UUID, until: datetime) -> None:
    """Has a client fall due later."""
    await uow.connection.execute("update activations set due_at = $2 where client_id = $1", client_id, until)


async def agency_of(uow: UnitOfWork, client_id: UUID) -> str | None:
    """Whose client it is."""
    agency: str | None = await uow.connection.fetchval("select agency from activations where client_id = $1", client_id)
    return agency


async def is_consultant(uow: UnitOfWork, agency: str, sub: str, *, or_leaving: bool = False) -> bool:
    """Whether the agency has told of this consultant, and they are not leaving unless that may be."""
    found: bool = await uow.connection.fetchval(
        "select exists (select from consultants where agency = $1 and sub = $2 and (not leaving or $3))",
        agency,
        sub,
        or_leaving,
    )
    return found
