"""What of an event is counted: one fact an event, or none."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from schemas.activation import (
    ActivationActivatedV1,
    ActivationCancelledV1,
    ActivationConfiguredV1,
    ActivationListedV1,
)
from schemas.client import ClientCreatedV1
from schemas.envelope import Envelope, EventData
from schemas.notification import EmailFailedV1, EmailSentV1, EmailUnknownV1
from schemas.onboarding import OnboardingRejectedV1

Stage = Literal["listed", "activated"]
STAGES: tuple[Stage, ...] = ("listed", "activated")

NAMES: dict[type[EventData], str] = {
    ClientCreatedV1: "created",
    ActivationListedV1: "listed",
    ActivationActivatedV1: "activated",
    ActivationConfiguredV1: "configured",
    ActivationCancelledV1: "cancelled",
    EmailSentV1: "mails.sent",
    EmailFailedV1: "mails.failed",
    EmailUnknownV1: "mails.unknown",
}
SHORTEST, LONGEST = -timedelta(minutes=5), timedelta(days=730)
"""What clocks may differ, and longer than anybody waits for the arrow."""
REJECTED = "rejections."
"""Before the code."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a client took from its creation to a stage."""

    stage: Stage
    seconds: float


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to count. `agency` is None where the event names none, which counts for all alone: a rejection names
    one only where it is there and the source may send to it."""

    what: str
    agency: str | None
    wait: Wait | None = None


def fact_of(event: Envelope[Any]) -> Fact | None:
    """The fact of an event that was valid; None where nothing of it is counted."""
    data = event.data
    if isinstance(data, OnboardingRejectedV1):
        return Fact(REJECTED + data.code, data.agency)
    name = NAMES.get(type(data))
    if name is None:
        return None
    return Fact(name, data.agency, _wait(data))


def _wait(data: EventData) -> Wait | None:
    if isinstance(data, ActivationListedV1):
        return _between("listed", data.created_at, data.listed_at)
    if isinstance(data, ActivationActivatedV1):
        return _between("activated", data.created_at, data.activated_at)
    return None


def _between(stage: Stage, begin: datetime, end: datetime) -> Wait | None:
    """None where only a wrong clock tells of such a wait; one that two good clocks make negative is 0."""
    wait = end - begin
    return Wait(stage, max(0.0, wait / timedelta(seconds=1))) if SHORTEST <= wait <= LONGEST else None
