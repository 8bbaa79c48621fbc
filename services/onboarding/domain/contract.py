"""What is wrong with a request as far as the request alone can tell: its sender may ask before it is sent.

What depends on what is stored (duplicates, agencies, ids of before) is told by the answer to the request alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.errors import Pointed
from schemas.onboarding import (
    OnboardingCancellationRequestedV1,
    OnboardingLicencesChangeRequestedV1,
    OnboardingRequestedV1,
    RequestEnvelope,
)
from services.onboarding.domain.creation import swedish_date
from services.onboarding.domain.details import ENCRYPTED
from services.onboarding.domain.encrypted_number import DecryptedNumber
from services.onboarding.domain.instructions import read_cancellation, read_licences_change
from services.onboarding.domain.reading import Headers, Unreadable, read_request
from services.onboarding.domain.rule_book import ContentInvalid, review
from services.onboarding.domain.unknown_fields import unknown_fields

_COMPACT_JWE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}")
_IN_ITS_PLACE = {"organisation": "556036-0793"}
_PERSONAL = "811218-9876"


@dataclass(frozen=True, slots=True)
class Checked:
    """`code` is what a rejection would carry, None where nothing is wrong; `unopened`: what only we can read.

    `warnings` are told beside the answer, whatever it is.
    """

    code: str | None
    errors: tuple[Pointed, ...] = ()
    detail: str = ""
    unopened: tuple[str, ...] = ()
    warnings: tuple[Pointed, ...] = ()


def check(value: bytes, headers: Headers, now: datetime) -> Checked:
    """Reads and reviews a request as it would be when it came."""
    try:
        event = read_request(value, headers)
    except Unreadable as fact:
        errors = (Pointed(fact.pointer, fact.code),) if fact.pointer else ()
        return Checked(fact.code, errors, fact.detail)
    data, unopened = _without_secrets(event)
    warnings = unknown_fields(dict(data), type(data).shape)
    try:
        _review(data, now)
    except ContentInvalid as refusal:
        return Checked(refusal.code, refusal.errors, unopened=unopened, warnings=warnings)
    return Checked(None, unopened=unopened, warnings=warnings)


def _review(data: Any, now: datetime) -> None:
    if isinstance(data, OnboardingRequestedV1):
        review(dict(data), swedish_date(now), "event")
    elif isinstance(data, OnboardingCancellationRequestedV1):
        read_cancellation(data)
    elif isinstance(data, OnboardingLicencesChangeRequestedV1):
        read_licences_change(data, now)


def _without_secrets(event: RequestEnvelope[Any]) -> tuple[Any, tuple[str, ...]]:
    """The data with a number of the published test series in the place of an encrypted one that may be right."""
    details = getattr(event.data, "details", None)
    identity = details.get("identity") if isinstance(details, Mapping) else None
    if not isinstance(details, Mapping) or not isinstance(identity, Mapping):
        return event.data, ()
    sent = identity.get("number_jwe")
    if not isinstance(sent, str) or _COMPACT_JWE.fullmatch(sent) is None:
        return event.data, ()
    number = DecryptedNumber(number=_IN_ITS_PLACE.get(str(identity.get("kind")), _PERSONAL))
    opened = {**details, "identity": {**identity, "number_jwe": number}}
    return event.data.model_copy(update={"details": opened}), (ENCRYPTED,)
