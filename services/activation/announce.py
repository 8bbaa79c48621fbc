"""What activation announces (activations with all that belongs to them), and what it keeps of onboarding's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.announce import Announcer
from chassis.projections import Projection
from chassis.unit_of_work import UnitOfWork
from schemas.activation_snapshot import ActivationSnapshotV1, UserSnapshot
from schemas.envelope import Say
from schemas.grants import Grant
from schemas.values import LicenceRow, Person, RequestedBy
from services.activation.domain.activation import Activation
from services.activation.store import activations, snapshots


async def activation_snapshots(uow: UnitOfWork, ids: Sequence[str]) -> list[Say]:
    """Activations that exist, whole."""
    found = await activations.load(uow, _uuids(ids))
    clients = list(found)
    licences = await snapshots.licences(uow, clients)
    users = await snapshots.users(uow, clients)
    grants = await snapshots.grants(uow, clients)
    return [_say(each, licences[key], users[key], grants[key]) for key, each in found.items()]


async def raise_versions(uow: UnitOfWork, ids: Sequence[str], by: int) -> None:
    await snapshots.raise_versions(uow, _uuids(ids), by)


def _say(each: Activation, licences: Sequence[Any], users: Sequence[Any], grants: Sequence[Any]) -> Say:
    by = each.cancelled_by_kind
    data = ActivationSnapshotV1(
        client_id=each.client_id,
        agency=each.agency,
        client_name=each.client_name,
        test=each.test,
        status=each.status,
        origin=each.origin,
        program_access=each.program_access,
        counts={row["program"]: row["ordered"] for row in licences},
        confirmation_email=each.confirmation_email,
        locale=each.locale,
        created_by=_person(each.created_by_sub, each.created_by_name),
        responsible_consultant=each.responsible_consultant,
        created_at=each.created_at,
        listed_at=each.listed_at,
        activated_by=_person(each.activated_by_sub, each.activated_by_name),
        activated_at=each.activated_at,
        became_system_administrator=each.became_system_administrator,
        cancelled_by=by and RequestedBy(kind=by, id=each.cancelled_by_id or by, name=each.cancelled_by_name or None),
        cancelled_at=each.cancelled_at,
        reason=each.reason,
        consultants=[],
        licences=[LicenceRow(**{name: row[name] for name in LicenceRow.model_fields}) for row in licences],
        scheduled=[],
        users=[_user(row, grants) for row in users],
        invitations=[],
        access_version=0,
    )
    return Say(data, version=each.version, correlation_id=each.correlation_id)


def _user(row: Any, grants: Sequence[Any]) -> UserSnapshot:
    held = [
        Grant(kind=one["kind"], program=one["program"], part=one["part"], level=one["level"], until=one["until"])
        for one in grants
        if one["user_id"] == row["user_id"]
    ]
    facts = {name: row[name] for name in ("user_id", "kind", "sub", "name", "locale", "state")}
    return UserSnapshot(**facts, email=row["email"] or "", grants=held)


def _person(sub: str | None, name: str | None) -> Person | None:
    return Person(sub=sub, name=name) if sub and name else None  # without a name where it was erased


def _uuids(ids: Sequence[str]) -> list[UUID]:
    found = []
    for each in ids:
        try:
            found.append(UUID(each))
        except ValueError:
            continue
    return found


ANNOUNCERS = (
    Announcer("activation", "activation-events", snapshots.activations, activation_snapshots, raise_versions),
)

PROJECTIONS = (
    Projection("clients", "onboarding", "client", "client-events", snapshots.clients),
    Projection("agencies", "onboarding", "agency", "agency-events", snapshots.agencies, snapshots.clear_agencies),
)
