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
from schemas.envelope import Decision, Envelope
from schemas.values import Locale
from services.notifier.domain.bell import Bell, Staff, ring_waiting


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
    """`name` is None while only its consultants or clients are known. `rung` are the bells that waited and ring now,
    `left` those who are gone."""

    agency: str
    name: str | None = None
    locale: Locale = "sv"
    client_visibility: Literal["all", "linked"] = "all"
    consultants: Mapping[str, Consultant] = field(default_factory=dict)
    waiting: tuple[Bell, ...] = ()
    rung: tuple[Bell, ...] = ()
    muted: frozenset[tuple[str, str]] = frozenset()
    left: frozenset[str] = frozenset()

    @property
    def client_managers(self) -> tuple[str, ...]:
        return self._in_role("client_manager")

    @property
    def staff(self) -> Staff:
        """Those for whom bells may wait."""
        return Staff(self.client_managers, self._in_role("agency_admin"), muted=self.muted)

    def _in_role(self, role: str) -> tuple[str, ...]:
        return tuple(sorted(sub for sub, one in self.consultants.items() if role in one.roles))


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
    sub = event.data.sub
    there = {**agency.consultants, sub: _consultant(event.data)}
    return _ring(replace(agency, consultants=there, left=agency.left - {sub}))


def consultant_removed(agency: Agency | None, event: Envelope[ConsultantRemovedV1], _now: datetime) -> Decision[Agency]:
    """A consultant is gone, and with them what rang for them and what they wanted to be told."""
    assert agency is not None  # load answers every key
    staying = {sub: one for sub, one in agency.consultants.items() if sub != event.data.sub}
    return Decision(replace(agency, consultants=staying, left=agency.left | {event.data.sub}))


def _ring(agency: Agency) -> Decision[Agency]:
    staff = agency.staff
    rung = tuple(bell for bell in (ring_waiting(each, staff) for each in agency.waiting) if not bell.waiting)
    if not rung:
        return Decision(agency)
    done = {bell.id for bell in rung}
    waiting = tuple(bell for bell in agency.waiting if bell.id not in done)
    says = tuple(replace(say, correlation_id=bell.correlation_id) for bell in rung for say in bell.raised())
    return Decision(replace(agency, waiting=waiting, rung=(*agency.rung, *rung)), says)


def _consultant(data: ConsultantData) -> Consultant:
    return Consultant(data.sub, data.name, data.email, data.locale, tuple(data.roles))
