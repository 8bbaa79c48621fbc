"""A bell: one fact about a client or an agency, rung for the people who should know; its text follows the fact."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from schemas.envelope import Say
from schemas.notification import NotificationRaisedV1
from services.notifier.domain.kinds import KINDS, Kind

Audience: TypeAlias = Literal["creator", "responsible", "client_managers", "user", "agency_admins"]
HandledHow: TypeAlias = Literal[
    "activated",
    "cancelled",
    "disconnected",
    "withdrawn",
    "expired",
    "given_on",
    "enough_again",
    "sent_again",
    "accepted",
    "sent",
    "released",
]


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of it, and who did that: their name and subject; None where no person did it."""

    how: HandledHow
    by: str | None
    at: datetime
    by_sub: str | None = None


@dataclass(frozen=True, slots=True)
class Bell:
    """`id` is None until it is stored; `recipients`: for whom it rings now; `waiting`: nobody is known yet.

    `client_id` is None where it is about the agency itself. `about`: the name of the person whom it is about, and
    `about_sub` their subject where they have one. `facts` name nobody.
    """

    client_id: UUID | None
    agency: str
    kind: Kind
    cause_id: str
    client_name: str
    test: bool
    created_at: datetime
    correlation_id: str
    audience: Audience
    recipients: tuple[str, ...]
    waiting: bool = False
    handled: Handled | None = None
    id: UUID | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    about: str | None = None
    about_sub: str | None = None

    def raised(self) -> tuple[Say, ...]:
        """The event that says for how many it rang; of a client's bells alone, since its key is the client."""
        if self.client_id is None or self.audience == "agency_admins" or not self.recipients:
            return ()
        data = NotificationRaisedV1(
            client_id=self.client_id,
            agency=self.agency,
            kind=self.kind,
            cause_id=self.cause_id,
            audience=self.audience,
            count=min(len(self.recipients), 9999),
        )
        return (Say(data),)


@dataclass(frozen=True, slots=True)
class Staff:
    """Whom an agency has, as far as that is known. `former`: those who have left it; `muted`: (subject, kind)."""

    client_managers: tuple[str, ...] = ()
    agency_admins: tuple[str, ...] = ()
    former: frozenset[str] = frozenset()
    muted: frozenset[tuple[str, str]] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    def named(self, sub: str | None, name: str | None) -> str | None:
        """A name as it may be stored: none of whoever has left, though an event that comes late has it."""
        return None if sub in self.former else name

    def hearing(self, kind: Kind, subs: Collection[str]) -> tuple[str, ...]:
        """Those of them for whom this kind rings: who are still there, and have not turned it off."""
        rings = KINDS[kind].mandatory
        return tuple(
            sub for sub in sorted(set(subs)) if sub not in self.former and (rings or (sub, kind) not in self.muted)
        )


def who_should_know(
    creator: str | None, responsible: str | None, client_managers: Collection[str]
) -> tuple[Audience, tuple[str, ...]]:
    """The creator; without one the responsible consultant; without one all client managers, who may be unknown yet."""
    if creator is not None:
        return "creator", (creator,)
    if responsible is not None:
        return "responsible", (responsible,)
    return "client_managers", tuple(sorted(client_managers))


def addressed(bell: Bell, subs: Collection[str], staff: Staff, doer: str | None = None) -> Bell:
    """Rings for those of them who hear it, but not for whoever did it. Where nobody is known it waits for the first."""
    recipients = tuple(sub for sub in staff.hearing(bell.kind, subs) if sub != doer)
    return replace(bell, recipients=recipients, waiting=not subs)


def ring_waiting(bell: Bell, staff: Staff) -> Bell:
    """What waited rings for those it waited for, if any are known now."""
    admins = bell.audience == "agency_admins"
    return addressed(bell, staff.agency_admins if admins else staff.client_managers, staff)
