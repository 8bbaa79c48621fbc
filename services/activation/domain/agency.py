"""What activation knows of an agency, from `agency-events`. A missing agency or consultant is never an error."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from schemas.agency import (
    AgencyChangedV1,
    AgencyRegisteredV1,
    AgencySnapshotV1,
    ConsultantChangedV1,
    ConsultantData,
    ConsultantRegisteredV1,
    ConsultantRemovalRequestedV1,
    ConsultantRemovedV1,
)
from schemas.envelope import Decision, Envelope
from schemas.values import Locale


@dataclass(frozen=True, slots=True)
class Consultant:
    """A consultant as last heard."""

    sub: str
    name: str
    email: str
    locale: Locale
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """A consultant whom onboarding wishes to remove, once each of their clients can do without them."""

    sub: str
    request_id: UUID


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency as last heard. `name` is None while only consultants have been heard of.

    `leaving` is what a decision adds: stored with it, and not loaded again.
    """

    agency: str
    name: str | None = None
    locale: Locale = "sv"
    client_visibility: Literal["all", "linked"] = "all"
    consultants: dict[str, Consultant] = field(default_factory=dict)
    leaving: tuple[Leaving, ...] = ()


def follow_agency(
    state: Agency | None, event: Envelope[AgencyRegisteredV1] | Envelope[AgencyChangedV1], _now: datetime
) -> Decision[Agency]:
    """The agency's name, language and visibility as they are now."""
    data = event.data
    known = state or Agency(data.agency)
    return Decision(replace(known, name=data.name, locale=data.locale, client_visibility=data.client_visibility))


def follow_consultant(
    state: Agency | None, event: Envelope[ConsultantRegisteredV1] | Envelope[ConsultantChangedV1], _now: datetime
) -> Decision[Agency]:
    """One consultant as they are now."""
    known = state or Agency(event.data.agency)
    return Decision(replace(known, consultants={**known.consultants, event.data.sub: _consultant(event.data)}))


def drop_consultant(state: Agency | None, event: Envelope[ConsultantRemovedV1], _now: datetime) -> Decision[Agency]:
    """A consultant is gone from the agency."""
    known = state or Agency(event.data.agency)
    return Decision(
        replace(known, consultants={sub: who for sub, who in known.consultants.items() if sub != event.data.sub})
    )


def note_removal(
    state: Agency | None, event: Envelope[ConsultantRemovalRequestedV1], _now: datetime
) -> Decision[Agency]:
    """Keeps the wish; it is answered once all clients of the consultant are at hand."""
    known = state or Agency(event.data.agency)
    return Decision(replace(known, leaving=(*known.leaving, Leaving(event.data.sub, event.data.request_id))))


def take_snapshot(state: Agency | None, event: Envelope[AgencySnapshotV1], _now: datetime) -> Decision[Agency]:
    """The agency whole, whatever was known before; a wish that came before it waits still."""
    data = event.data
    consultants = {each.sub: _consultant(each) for each in data.consultants}
    waiting = state.leaving if state else ()
    return Decision(Agency(data.agency, data.name, data.locale, data.client_visibility, consultants, waiting))


def _consultant(data: ConsultantData) -> Consultant:
    return Consultant(data.sub, data.name, data.email, data.locale, tuple(data.roles))
