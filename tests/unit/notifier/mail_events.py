"""Events that cause mails other than the confirmation, or call them back, as the notifier hears them."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from schemas.activation import ActivationReassignedV1, ActivationReminderDueV1
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Envelope
from schemas.handover import HandoverCompletedV1
from schemas.licences import LicencesChangedV1, LicencesOverAssignedV1
from schemas.users import InvitationChangedV1, UserAcceptedV1, UserInvitedV1, UserRemovedV1
from schemas.values import LicenceRow, Person, Recipient, UserContact
from tests.unit.notifier.events import KARIN, LISTED_AT, event_of

FAR = datetime(2099, 1, 1, tzinfo=UTC)
LISA = {"name": "Lisa Hemlig", "email": "lisa@exempelbolaget.se", "locale": "sv"}


def scope(client_id: UUID) -> dict[str, Any]:
    return {"client_id": client_id, "agency": "byra-ett", "client_name": "Exempelbolaget AB", "test": False}


def _invitation(client_id: UUID, user: UUID, mailing: int, changes: dict[str, Any]) -> dict[str, Any]:
    return {
        **scope(client_id),
        "user_id": user,
        "invitation_id": UUID(int=user.int ^ 1),
        "generation": mailing,
        "mailing": mailing,
        "kid": "links-1",
        "invited_by": KARIN,
        "expires_at": FAR,
        **LISA,
        **changes,
    }


def invited(client_id: UUID, user: UUID, version: int = 1, **changes: Any) -> Envelope[Any]:
    return event_of(UserInvitedV1(**_invitation(client_id, user, 1, changes)), version)


def invitation_changed(
    client_id: UUID, user: UUID, state: str, version: int = 2, mailing: int = 2, **changes: Any
) -> Envelope[Any]:
    return event_of(InvitationChangedV1(**_invitation(client_id, user, mailing, changes), state=state), version)


def accepted(client_id: UUID, user: UUID, version: int = 2) -> Envelope[Any]:
    return event_of(UserAcceptedV1(**scope(client_id), user_id=user, sub="lisa", state="active", **LISA), version)


def removed(client_id: UUID, user: UUID, version: int = 2, sub: str | None = None) -> Envelope[Any]:
    return event_of(UserRemovedV1(**scope(client_id), user_id=user, sub=sub, state="removed", **LISA), version)


def reminder_due(client_id: UUID, version: int = 1, day: date = date(2026, 3, 9), **changes: Any) -> Envelope[Any]:
    data = ActivationReminderDueV1(**scope(client_id), pending_since=LISTED_AT, day=day, **changes)
    return event_of(data, version)


def over_assigned(
    client_id: UUID, *administrators: Recipient, version: int = 1, grace: datetime = FAR
) -> Envelope[Any]:
    row = {"program": "bookkeeping", "purchased": 1, "assigned": 2, "reserved": 0}
    data = LicencesOverAssignedV1(**scope(client_id), **row, grace_until=grace, administrators=list(administrators))
    return event_of(data, version)


def licences_changed(client_id: UUID, purchased: int, version: int = 2) -> Envelope[Any]:
    row = LicenceRow(program="bookkeeping", purchased=purchased, assigned=2, reserved=0)
    data = LicencesChangedV1(**scope(client_id), program_access=True, licences=[row], scheduled=[])
    return event_of(data, version)


def handed_over(client_id: UUID, to: Recipient, version: int = 1) -> Envelope[Any]:
    data = HandoverCompletedV1(
        **scope(client_id), handover_id=uuid4(), from_=Person(sub="erik", name="Erik Hemlig"), to=to
    )
    return event_of(data, version)


def reassigned(client_id: UUID, sub: str, by: Person, version: int = 1) -> Envelope[Any]:
    return event_of(ActivationReassignedV1(**scope(client_id), responsible_consultant=sub, by=by), version)


def wish(client_id: UUID, *administrators: UUID, generation: int = 1) -> dict[str, Any]:
    """A disconnection; each administrator's address is named after their id."""
    contacts = [
        UserContact(user_id=each, name="Lisa Hemlig", email=f"{each.hex[:8]}@exempelbolaget.se", locale="sv")
        for each in administrators
    ]
    return {
        "disconnection_id": UUID(int=client_id.int ^ 2),
        "generation": generation,
        "kid": "links-1",
        "by": KARIN,
        "administrators": contacts,
        "expires_at": FAR,
    }


def disconnection_requested(client_id: UUID, *administrators: UUID, version: int = 1, **changes: Any) -> Envelope[Any]:
    asked = {**wish(client_id, *administrators), **changes}
    return event_of(DisconnectionRequestedV1(**scope(client_id), **asked), version)


def disconnection_settled(client_id: UUID, how: str, version: int = 2) -> Envelope[Any]:
    models = {
        "approved": DisconnectionApprovedV1,
        "withdrawn": DisconnectionWithdrawnV1,
        "expired": DisconnectionExpiredV1,
    }
    return event_of(models[how](**scope(client_id), **wish(client_id)), version)


def snapshot(client_id: UUID, version: int = 9, **changes: Any) -> Envelope[Any]:
    data: dict[str, Any] = {
        **scope(client_id),
        "status": "activated",
        "origin": "api",
        "program_access": True,
        "counts": {"bookkeeping": 1},
        "confirmation_email": "anna@exempelbolaget.se",
        "locale": "sv",
        "created_at": LISTED_AT,
        "listed_at": LISTED_AT,
        "activated_at": LISTED_AT,
        "activated_by": KARIN,
        "consultants": [],
        "licences": [],
        "scheduled": [],
        "users": [],
        "invitations": [],
        "access_version": 0,
    }
    return event_of(ActivationSnapshotV1(**{**data, **changes}), version)
