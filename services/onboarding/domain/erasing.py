"""Erasing a client: what tells who people are is destroyed, the skeleton of what happened stays (rule book §7.8)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.client import ClientErasedV1, ClientStatus
from schemas.envelope import Decision, Say
from schemas.errors import Refused
from services.onboarding.domain.agency import AgencyAdminRequired
from services.onboarding.domain.client import ClientElsewhere
from services.onboarding.domain.life_cycle import MOVES

Standing = Literal["may", "other", "elsewhere"]
"""What the caller is to the client: an administrator of its agency or an operator, others of its agency, another's."""


class ClientIsActive(Refused):
    """Only a client that is cancelled or disconnected can be erased."""

    code = "client_active"


@dataclass(frozen=True, slots=True)
class Erasable:
    """A client that somebody wants erased."""

    client_id: UUID
    version: int
    agency: str
    status: ClientStatus
    erased_at: datetime | None = None
    erased_by_sub: str | None = None


@dataclass(frozen=True, slots=True)
class EraseClient:
    """A person's wish."""

    agency: str
    sub: str
    operator: bool
    administrator: bool

    def standing(self, agency: str) -> Standing:
        if self.operator:
            return "may"
        if self.agency != agency:
            return "elsewhere"
        return "may" if self.administrator else "other"


def erase_client(state: Erasable | None, command: EraseClient, now: datetime) -> Decision[Erasable]:
    """Erases once; asked again, it changes nothing. Raises ClientElsewhere, AgencyAdminRequired, ClientIsActive."""
    standing = "elsewhere" if state is None else command.standing(state.agency)
    if state is None or standing == "elsewhere":
        raise ClientElsewhere
    if standing == "other":
        raise AgencyAdminRequired
    if state.status == "erased":
        return Decision(state)
    if "erased" not in MOVES[state.status]:
        raise ClientIsActive
    erased = replace(state, version=state.version + 1, status="erased", erased_at=now, erased_by_sub=command.sub)
    data = ClientErasedV1(client_id=state.client_id, agency=state.agency)
    return Decision(erased, (Say(data, version=erased.version),))
