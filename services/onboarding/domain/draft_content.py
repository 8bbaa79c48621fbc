"""The content of a draft: partial and as it was typed, what may be shown of it, and what the rule book says to it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from schemas.errors import Pointed, Refused
from schemas.personal_numbers import discloses_a_number
from services.onboarding.domain.details import LONGEST_NUMBER, read_details
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.identity_numbers import HIDDEN, NumberInvalid, organisation_number, personal_number
from services.onboarding.domain.rule_book import ContentInvalid, read_access, read_licences, review

Content = Mapping[str, Any]
Step = int  # 1, 2 or 3
StepState = Literal["empty", "incomplete", "complete"]

STEPS: Mapping[int, str] = {1: "access", 2: "details", 3: "licences"}
BESIDE = ("external_ref", "responsible_consultant", "locale", "confirm_duplicate", "connected", "administrators")
DEEPEST = 32

_NUMBER = ("details", "identity", "number")
_HALF = re.compile("[\ud800-\udfff]")


class ContentTooDeep(Refused):
    """What was sent has more levels inside each other than are stored."""

    code = "too_deep"


class StepMissing(Refused):
    """A step was to be stored, and it is not in the body: whoever sent it bare would lose what they typed."""

    code = "required"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is wrong in what was filled in, and how far each step is. What is empty is not wrong yet."""

    steps: Mapping[int, StepState]
    errors: tuple[Pointed, ...]


def with_step(content: Content, step: Step, body: Content, today: date) -> Content:
    """The content after a step was put; what stands beside the steps changes where the body names it.

    What step 3 ordered is set aside while step 1 says that there is no program access, and comes back with it.
    """
    part = STEPS[step]
    if part not in body:
        raise StepMissing([Pointed(f"/{part}", StepMissing.code)])
    sent = storable({name: body[name] for name in (part, *BESIDE) if name in body})
    after = {**content, **_kept(content, sent, today)}
    return _moved(content, after) if step == 1 else after


def started(body: Content) -> Content:
    """The content of a new draft: whatever the body has of the steps and beside them."""
    known = (*STEPS.values(), *BESIDE)
    sent: Content = storable({name: body[name] for name in known if body.get(name) is not None})
    return sent


def beside(body: Content) -> Content:
    """What the body has beside the steps: what submitting may still say."""
    sent: Content = storable({name: body[name] for name in BESIDE if name in body})
    return sent


def storable(value: Any, depth: int = DEEPEST) -> Any:
    """JSON that can be stored and answered: no numbers that are none, no halves of characters. Raises ContentTooDeep"""
    if isinstance(value, Mapping | list) and depth == 0:
        raise ContentTooDeep
    if isinstance(value, Mapping):
        return {_text(str(name)): storable(each, depth - 1) for name, each in value.items()}
    if isinstance(value, list):
        return [storable(each, depth - 1) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _text(value) if isinstance(value, str) else value


def shown(value: Any, today: date, place: tuple[str, ...] = ()) -> Any:
    """What may be shown: no personal number, and nothing that somebody began to type where one belongs."""
    if isinstance(value, Mapping):
        return {
            HIDDEN if discloses_a_number(name) else name: shown(each, today, (*place, name))
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [shown(each, today, place) for each in value]
    if place[: len(_NUMBER)] == _NUMBER and value not in (None, ""):
        return _masked(value, today)
    return HIDDEN if _is_written(value) and discloses_a_number(str(value)) else value


def inspect(content: Content, today: date) -> Inspection:
    """Each step by the rule book, and what stands beside the steps."""
    found = {step: Findings() for step in STEPS}
    read_access(found[1], content.get("access"))
    read_details(found[2], content.get("details"), today, "http")
    read_licences(found[3], content.get("licences"), program_access(content))
    errors = [error for step, part in STEPS.items() if content.get(part) is not None for error in found[step].errors]
    return Inspection(
        steps={step: _state(content.get(part), found[step]) for step, part in STEPS.items()},
        errors=(*errors, *_beside(content, today)),
    )


def request_of(content: Content) -> Content:
    """What is submitted: the content as a request of the API would have it."""
    return {name: content.get(name) for name in (*STEPS.values(), *BESIDE)}


def program_access(content: Content) -> bool | None:
    """What step 1 says of it; None where it says nothing that can be read."""
    access = content.get("access")
    said = access.get("program_access") if isinstance(access, Mapping) else None
    return said if isinstance(said, bool) else None


def _state(value: Any, found: Findings) -> StepState:
    if value is None:
        return "empty"
    return "incomplete" if found.errors else "complete"


def _beside(content: Content, today: date) -> list[Pointed]:
    try:
        review(request_of(content), today, "http")
    except ContentInvalid as invalid:
        parts = set(STEPS.values())
        return [error for error in invalid.errors if error.pointer and error.pointer.split("/")[1] not in parts]
    return []


def _moved(before: Content, after: dict[str, Any]) -> Content:
    licences = after.get("licences")
    if not isinstance(licences, Mapping):
        licences = {}
    counts = licences.get("counts")
    if program_access(after) is False and program_access(before) is not False and counts:
        return after | {"licences": {**licences, "counts": {}}, "set_aside": {"counts": counts}}
    if program_access(after) and "set_aside" in after:
        aside = after.pop("set_aside")
        if not counts:
            return after | {"licences": {**licences, **aside}}
    return after


def _kept(before: Any, sent: Any, today: date, place: tuple[str, ...] = ()) -> Any:
    """What was sent, and what was there where a mask of it comes back."""
    if isinstance(sent, Mapping):
        old = before if isinstance(before, Mapping) else {}
        return {name: _kept(old.get(name), each, today, (*place, name)) for name, each in sent.items()}
    if isinstance(sent, list):
        olds = before if isinstance(before, list) and len(before) == len(sent) else [None] * len(sent)
        return [_kept(old, each, today, place) for old, each in zip(olds, sent, strict=True)]
    masked = _is_written(before) and HIDDEN in str(sent) and shown(before, today, place) == sent
    return before if masked else sent


def _masked(value: Any, today: date) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_NUMBER:
        return HIDDEN
    for read in (organisation_number, personal_number):
        try:
            number = read(value, today)
        except NumberInvalid:
            continue
        return value if number.kind == "organisation" else number.masked
    return HIDDEN


def _is_written(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _text(value: str) -> str:
    """Half a character becomes what the rule book refuses as it does the half: a question mark would be let through."""
    return value if value.isascii() else _HALF.sub("\x00", value)
