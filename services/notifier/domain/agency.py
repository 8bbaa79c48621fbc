"""What the notifier knows of an agency: name, consultants, and the bells that wait for its first client manager."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from schemas.agency import (
    AgencyChangedV1,
    AgencyRegisteredV1,
    AgencySnapshotV1,
    ConsultantChangedV1,
    ConsultantData,
    ConsultantRegisteredV1,
    ConsultantRemovedV1,
)
from schemas.envelope import Decision, Envelope, Say
from schemas.values import Locale
from services.notifier.domain.bell import Bell, ring_waiting


@dataclass(frozen=True, slots=True)
class Consultant:
    """A consultant as last heard."""

    sub: str
    name: str
    email: str
    locale: Locale
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agency:
    """`name` is None while only its consultants or clients are known. `rung` are the bells that waited and ring now."""

    agency: str
    name: str | None = None
    locale: Locale = "sv"
    client_visibility: Literal["all", "linked"] = "all"
    consultants: Mapping[str, Consultant] = field(default_factory=dict)
    waiting: tuple[Bell, ...] = ()
    rung: tuple[Bell, ...] = ()

    @property
    def client_managers(self) -> tuple[str, ...]:
        return tuple(sorted(sub for sub, one in self.consultants.items() if "client_manager" in one.roles))


AgencyEvent = AgencyRegisteredV1 | AgencyChangedV1 | AgencySnapshotV1
ConsultantEvent = ConsultantRegisteredV1 | ConsultantChangedV1


def agency_told(agency: Agency | None, event: Envelope[AgencyEvent], _now: datetime) -> Decision[Agency]:
    """The agency itself, whole; a snapshot also has all its consultants."""
    assert agency is not None  # load answers every key
    data = event.data
    known = replace(agency, name=data.name, locale=data.locale, client_visibility=data.client_visibility)
    if isinstance(event.data, AgencySnapshotV1):
        known = replace(known, consultants={one.sub: _consultant(one) for one in event.data.consultants})
    return _ring(known)


def consultant_told(agency: Agency | None, event: Envelope[ConsultantEvent], _now: datetime) -> Decision[Agency]:
    """A consultant, whole."""
    assert agency is not None  # load answers every key
    return _ring(replace(agency, consultants={**agency.consultants, event.data.sub: _consultant(event.data)}))


def consultant_removed(agency: Agency | None, event: Envelope[ConsultantRemovedV1], _now: datetime) -> Decision[Agency]:
    """A consultant is gone; what rang for them stays with their account until that is erased."""
    assert agency is not None  # load answers every key
    staying = {sub: one for sub, one in agency.consultants.items() if sub != event.data.sub}
    return Decision(replace(agency, consultants=staying))


def _ring(agency: Agency) -> Decision[Agency]:
    if not agency.waiting or not agency.client_managers:
        return Decision(agency)
    rung = tuple(ring_waiting(bell, agency.client_managers) for bell in agency.waiting)
    says = tuple(Say(bell.raised(), correlation_id=bell.correlation_id) for bell in rung)
    return Decision(replace(agency, waiting=(), rung=(*agency.rung, *rung)), says)


def _consultant(data: ConsultantData) -> Consultant:
    return Consultant(data.sub, data.name, data.email, data.locale, tuple(data.roles))
