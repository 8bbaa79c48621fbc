"""Reads what is asked of a client that exists, by a source or a person: to cancel it, or to change its licences."""

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from schemas.onboarding import OnboardingCancellationRequestedV1, OnboardingLicencesChangeRequestedV1
from schemas.values import Reason
from services.onboarding.domain import fields
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.rule_book import ContentInvalid, read_counts


def read_cancellation(data: OnboardingCancellationRequestedV1) -> Reason:
    """The reason. Raises ContentInvalid."""
    found = Findings()
    _read_client(found, data)
    reason = read_reason(found, data.reason)
    if reason is None or found.errors:
        raise ContentInvalid(found.errors)
    return reason


def read_licences_change(
    data: OnboardingLicencesChangeRequestedV1, now: datetime
) -> tuple[dict[str, int], datetime | None]:
    """The counts wanted, of the programs named, and from when. Raises ContentInvalid."""
    found = Findings()
    _read_client(found, data)
    counts = read_counts(found, data.counts, "/counts", keep_none=True)
    if not counts and not found.errors:
        found.add("/counts", "required")
    effective_at = read_day(found, data.effective_at, now)
    if counts is None or found.errors:
        raise ContentInvalid(found.errors)
    return counts, effective_at


def read_reason(found: Findings, value: Any) -> Reason | None:
    """Why a client is cancelled."""
    return fields.choice(found, value, "/reason", get_args(Reason))  # type: ignore[return-value]  # one of the choices


def read_day(found: Findings, value: Any, now: datetime) -> datetime | None:
    """From when a change shall hold; None for at once."""
    effective_at = _read_moment(found, value, "/effective_at")
    if effective_at is not None and effective_at < now:
        found.add("/effective_at", "effective_at_in_past")
    return effective_at


def uuid_or_none(value: Any) -> UUID | None:
    """A client id as it is written in JSON; None where it is none."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _read_client(found: Findings, data: Any) -> None:
    if data.client_id is None and data.external_ref is None:
        found.add("/client_id", "required")
    if data.client_id is not None and uuid_or_none(data.client_id) is None:
        found.add("/client_id", "invalid_value")
    fields.optional_text(found, data.external_ref, "/external_ref")


def _read_moment(found: Findings, value: Any, pointer: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        found.add(pointer, "invalid_date")
        return None
    return moment
