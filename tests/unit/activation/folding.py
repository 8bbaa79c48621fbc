"""What a reader knows who has heard every event of a client and never saw a table: folded from the events alone."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.activation import ActivationConfiguredV1, ActivationReassignedV1, ConsultantsChangedV1
from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Say
from schemas.grants import GrantsChangedV1
from schemas.licences import LicencesChangedV1
from schemas.users import InvitationChangedV1, UserAcceptedV1, UserChangedV1, UserInvitedV1, UserRemovedV1
from services.activation.domain.client import Cell, Client

Known = dict[str, Any]


class Reader:
    """Begins with a client as a snapshot tells of it, and goes on by events."""

    def __init__(self, client: Client) -> None:
        self.known = seen(client)

    def hear(self, says: Iterable[Say]) -> None:
        for say in says:
            self._hear(say.data)
            assert say.version == self.known["version"] + 1, "versions have no gap"
            self.known["version"] = say.version

    def _hear(self, data: Any) -> None:
        hear = _HEARD.get(type(data))
        if hear is not None:
            hear(self.known, data)


def _granted(known: Known, data: GrantsChangedV1) -> None:
    known["access_version"] = data.access_version
    for each in data.changes:
        cell = Cell(each.user_id, each.kind, each.program or "", each.part or "")
        held = known["grants"].pop(cell, None)
        assert (held[0] if held else "none") == each.before, "what an event says was there, was"
        if each.after != "none":
            known["grants"][cell] = (each.after, each.until)


def _licences(known: Known, data: LicencesChangedV1) -> None:
    known["purchased"] = {row.program: row.purchased for row in data.licences if row.purchased}
    known["scheduled"] = {each.id: (each.program, each.count, each.effective_at) for each in data.scheduled}
    known["program_access"] = data.program_access


def _invited(known: Known, data: UserInvitedV1) -> None:
    known["users"][data.user_id] = (None, data.name, data.email, "invited")
    known["invitations"][data.user_id] = (data.generation, data.mailing, data.expires_at)


def _invitation(known: Known, data: InvitationChangedV1) -> None:
    if data.state in ("withdrawn", "expired"):
        known["invitations"].pop(data.user_id, None)  # one that has expired can be withdrawn still
    else:
        known["invitations"][data.user_id] = (data.generation, data.mailing, data.expires_at)


def _user(known: Known, data: UserAcceptedV1 | UserChangedV1) -> None:
    known["users"][data.user_id] = (data.sub, data.name, data.email, data.state)
    if isinstance(data, UserAcceptedV1):
        known["invitations"].pop(data.user_id)


_HEARD: dict[type[Any], Callable[[Known, Any], Any]] = {
    ActivationConfiguredV1: lambda known, _: known.update(status="configured"),
    ActivationReassignedV1: lambda known, data: known.update(responsible=data.responsible_consultant),
    ConsultantsChangedV1: lambda known, data: known.update(linked=set(data.consultants)),
    GrantsChangedV1: _granted,
    LicencesChangedV1: _licences,
    UserInvitedV1: _invited,
    InvitationChangedV1: _invitation,
    UserAcceptedV1: _user,
    UserChangedV1: _user,
    UserRemovedV1: lambda known, data: known["users"].pop(data.user_id),
    DisconnectionRequestedV1: lambda known, data: known.update(disconnecting=data.disconnection_id),
    DisconnectionWithdrawnV1: lambda known, _: known.update(disconnecting=None),
    DisconnectionExpiredV1: lambda known, _: known.update(disconnecting=None),
    DisconnectionApprovedV1: lambda known, _: known.update(disconnecting=None, status="disconnected"),
}


def seen(client: Client) -> dict[str, Any]:
    """A client as far as its events tell of it."""
    activation = client.activation
    invitations: dict[UUID, tuple[int, int, datetime]] = {
        user_id: (each.generation, each.mailing, each.expires_at)
        for user_id, each in client.invitations.items()
        if each.state == "open"
    }
    return {
        "version": activation.version,
        "status": activation.status,
        "responsible": activation.responsible_consultant,
        "program_access": activation.program_access,
        "access_version": client.access_version,
        "linked": set(client.linked),
        "grants": {cell: (held.level, held.until) for cell, held in client.grants.items()},
        "purchased": {program: each.purchased for program, each in client.licences.items() if each.purchased},
        "scheduled": {key: (each.program, each.count, each.effective_at) for key, each in client.reductions.items()},
        "users": {
            key: (each.sub, each.name, each.email, each.state)
            for key, each in client.users.items()
            if each.state != "removed"
        },
        "invitations": invitations,
        "disconnecting": client.disconnecting.disconnection_id if client.disconnecting else None,
    }
