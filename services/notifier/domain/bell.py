"""A bell: one fact about a client, rung for the people who should know; its text follows the fact."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from schemas.notification import NotificationRaisedV1

Kind: TypeAlias = Literal["client_listed"]
Audience: TypeAlias = Literal["creator", "responsible", "client_managers", "user"]
HandledHow: TypeAlias = Literal["activated", "cancelled"]


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of it, and who did that; `by` is None where no person did."""

    how: HandledHow
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Bell:
    """`id` is None until it is stored; `recipients`: for whom it rings now; `waiting`: nobody is known yet."""

    client_id: UUID
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

    def raised(self) -> NotificationRaisedV1:
        """The event that says for how many it rang."""
        return NotificationRaisedV1(
            client_id=self.client_id,
            agency=self.agency,
            kind=self.kind,
            cause_id=self.cause_id,
            audience=self.audience,
            count=min(len(self.recipients), 9999),
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


def ring_waiting(bell: Bell, client_managers: Collection[str]) -> Bell:
    """The agency's first client managers are known: what waited for them rings."""
    return replace(bell, waiting=False, recipients=tuple(sorted(client_managers)))
