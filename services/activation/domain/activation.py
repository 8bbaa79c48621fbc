"""One client's activation: its state, and how things are said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypedDict
from uuid import UUID

from schemas.activation_snapshot import ActivationStatus
from schemas.envelope import Decision, EventData, Say
from schemas.errors import Refused
from schemas.values import Locale, Origin, Reason


class ClientUnknown(Refused):
    """No activation of this client exists, or it is another agency's."""

    code = "unknown_client"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may enter the client: one of its own people, or a consultant of the agency."""

    user_id: UUID
    client_id: UUID
    kind: Literal["client", "consultant"]
    sub: str | None
    name: str
    email: str | None
    locale: Locale
    state: Literal["invited", "active"]
    logged_in_at: datetime | None
    system_administrator: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A change of licences that onboarding asks for, on behalf of `by`: `counts` wanted, at once or on a day.

    `program_access`: with these licences the client gets programs of its own, or has none any more.
    """

    request_id: UUID
    by_source: bool
    by: str
    counts: Mapping[str, int]
    effective_at: datetime | None
    reason: Reason | None
    program_access: bool | None = None


@dataclass(slots=True)
class Activation:
    """An activation. Never changed in place: a decision answers another one (not frozen, since that is slow to make).

    `ordered`, `joined` and `asked` are the licences, users and wishes that a decision adds: stored with it, and not
    loaded again. `kyc_by` and `only_for` are there where the arrow needs them: who has confirmed that the agency
    knows the client, who may see it where not all may, the subjects of the client's own users, and which consultants
    are leaving the agency.
    """

    client_id: UUID
    agency: str
    client_name: str
    status: ActivationStatus
    origin: Origin
    test: bool
    program_access: bool
    confirmation_email: str
    locale: Locale
    created_by_sub: str | None
    created_by_name: str | None
    responsible_consultant: str | None
    correlation_id: str
    version: int
    created_at: datetime
    listed_at: datetime
    activated_by_sub: str | None = None
    activated_by_name: str | None = None
    activated_at: datetime | None = None
    became_system_administrator: bool | None = None
    cancelled_by_kind: Literal["user", "source"] | None = None
    cancelled_by_id: str | None = None
    cancelled_by_name: str | None = None
    cancelled_at: datetime | None = None
    reason: Reason | None = None
    ordered: Mapping[str, int] = field(default_factory=dict)
    joined: tuple[User, ...] = ()
    asked: tuple[Asked, ...] = ()
    kyc_by: str | None = None
    only_for: frozenset[str] | None = None
    own_people: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()

    @property
    def forgotten(self) -> bool:
        """Whether the client's personal data are destroyed: a name is never empty otherwise."""
        return not self.client_name


class Scope(TypedDict):
    """The fields of `schemas.activation.ClientScoped`."""

    client_id: UUID
    agency: str
    client_name: str
    test: bool


def scope_of(activation: Activation) -> Scope:
    """What every event about a client carries."""
    return {
        "client_id": activation.client_id,
        "agency": activation.agency,
        "client_name": activation.client_name,
        "test": activation.test,
    }


def said(activation: Activation, data: EventData, **changes: Any) -> Decision[Activation]:
    """The activation with `changes` and its next version, and `data` as the event of that version."""
    after = replace(activation, version=activation.version + 1, **changes)
    return Decision(after, (Say(data, version=after.version, correlation_id=activation.correlation_id),))
