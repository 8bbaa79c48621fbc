"""What activation announces (activations with all that belongs to them), and what it keeps of onboarding's."""

from collections.abc import Sequence
from uuid import UUID

from chassis.announce import Announcer
from chassis.projections import Projection
from chassis.unit_of_work import UnitOfWork
from schemas.activation_snapshot import ActivationSnapshotV1, UserSnapshot
from schemas.disconnection import Disconnection
from schemas.envelope import Say
from schemas.grants import Grant
from schemas.users import Invitation as InvitationData
from schemas.values import Person, RequestedBy
from services.activation.domain.client import Client, Invitation, Member
from services.activation.domain.counting import rows, usage
from services.activation.domain.disconnecting import disconnection_facts
from services.activation.domain.inviting import invitation_facts
from services.activation.domain.licences import scheduled
from services.activation.store import clients, snapshots


async def activation_snapshots(uow: UnitOfWork, ids: Sequence[str]) -> list[Say]:
    """Activations that exist, whole."""
    return [_say(each) for each in (await clients.load(uow, _uuids(ids))).values()]


async def raise_versions(uow: UnitOfWork, ids: Sequence[str], by: int) -> None:
    await snapshots.raise_versions(uow, _uuids(ids), by)


def _say(client: Client) -> Say:
    each, by = client.activation, client.activation.cancelled_by_kind
    data = ActivationSnapshotV1(
        client_id=each.client_id,
        agency=each.agency,
        client_name=each.client_name,
        test=each.test,
        status=each.status,
        origin=each.origin,
        program_access=each.program_access,
        counts={program: licence.ordered for program, licence in client.licences.items()},
        confirmation_email=each.confirmation_email,
        locale=each.locale,
        created_by=_person(each.created_by_sub, each.created_by_name),
        responsible_consultant=each.responsible_consultant,
        created_at=each.created_at,
        listed_at=each.listed_at,
        activated_by=_person(each.activated_by_sub, each.activated_by_name),
        activated_at=each.activated_at,
        became_system_administrator=each.became_system_administrator,
        configured_by=client.configured_by if client.configured_by and client.configured_by.name else None,
        configured_at=client.configured_at,
        cancelled_by=by and RequestedBy(kind=by, id=each.cancelled_by_id or by, name=each.cancelled_by_name or None),
        cancelled_at=each.cancelled_at,
        reason=each.reason,
        consultants=sorted(client.linked),
        licences=rows(usage(client.licences, client.users, client.grants)),
        scheduled=scheduled(client.reductions.values()),
        users=[_user(client, user) for user in client.users.values()],
        invitations=[_invitation(client, sent) for sent in client.invitations.values() if sent.state == "open"],
        disconnection=_disconnection(client),
        access_version=client.access_version,
    )
    return Say(data, version=each.version, correlation_id=each.correlation_id)


def _user(client: Client, user: Member) -> UserSnapshot:
    held = [
        Grant(
            kind=cell.kind, program=cell.program or None, part=cell.part or None, level=grant.level, until=grant.until
        )
        for cell, grant in client.grants.items()
        if cell.user_id == user.user_id
    ]
    return UserSnapshot(
        user_id=user.user_id,
        kind=user.kind,
        sub=user.sub,
        name=user.name,
        email=user.email,
        locale=user.locale,
        state=user.state,
        grants=sorted(held, key=lambda one: (one.kind, one.program or "", one.part or "")),
    )


def _invitation(client: Client, sent: Invitation) -> InvitationData:
    return InvitationData.model_validate(invitation_facts(client.users[sent.user_id], sent))


def _disconnection(client: Client) -> Disconnection | None:
    wish = client.disconnecting
    return None if wish is None else Disconnection.model_validate(disconnection_facts(client, wish, wish.by))


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
