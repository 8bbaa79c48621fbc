"""Every code with which anything is refused: its status, and its text in both languages. No other place has texts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from pydantic_core import to_jsonable_python

PROBLEM_TYPE_PREFIX = "urn:aktivera:problem:"
UNKNOWN_FACT = "–"


@dataclass(frozen=True, slots=True)
class Pointed:
    """One place that is wrong: a JSON pointer (RFC 6901) into what was sent, and the code of what is wrong there.

    `place` is body, or path, query or header, where the pointer is the parameter's name behind a slash. `choices`: what
    could stand there, for the text of `invalid_choice`.
    """

    pointer: str
    code: str
    place: str = "body"
    choices: tuple[str, ...] = field(default=(), compare=False)


class Refused(Exception):  # named after the fact that refused
    """Base of every business refusal. A subclass is named after the fact that refused and sets `code`.

    `errors` point into the request; `facts` fill the placeholders of the texts and stand in the problem as members.
    """

    code: ClassVar[str]

    def __init__(self, errors: Sequence[Pointed] = (), **facts: object) -> None:
        super().__init__(self.code)
        self.errors = tuple(errors)
        self.facts = facts


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What a code means. The details say what happened and what to do; `{name}` in them is filled from the facts.

    `status` is the HTTP status; `owners` are the services that say it; `retryable`: the same thing sent again later,
    unchanged, may succeed.
    """

    code: str
    status: int
    owners: tuple[str, ...]
    retryable: bool
    title: str
    title_sv: str
    detail_sv: str
    detail_en: str


def _load(folder: Path) -> dict[str, ErrorText]:
    texts: dict[str, ErrorText] = {}
    for path in sorted(folder.glob("*.json")):
        for code, row in json.loads(path.read_text(encoding="utf-8")).items():
            if code in texts:
                raise ValueError(f"{path.name}: {code} has its text elsewhere")
            texts[code] = ErrorText(code, **{**row, "owners": tuple(row["owners"])})
    return texts


ERRORS: Mapping[str, ErrorText] = _load(Path(__file__).with_name("error_texts"))
"""Code → text."""


class _Facts(dict[str, str]):
    """Facts for the placeholders of a text; one that is missing reads as a dash."""

    def __missing__(self, _key: str) -> str:
        return UNKNOWN_FACT


def problem(code: str, errors: Iterable[Pointed] = (), **facts: object) -> dict[str, Any]:
    """The RFC 9457 body of a refusal: type, title, status, code, both details, `errors`, and the facts as members.

    Never fails: a missing fact reads as a dash, a fact named like a member of the body gives way to it, and a code
    without a text gets the text of internal_error, so that a slip in one refusal does not hide the refusal.
    """
    text, places = ERRORS.get(code, ERRORS["internal_error"]), tuple(errors)
    members: dict[str, Any] = to_jsonable_python(facts, fallback=str)
    spoken = _Facts({name: _speak(facts[name], value) for name, value in members.items()})
    choices = "; ".join(dict.fromkeys(", ".join(each.choices) for each in places if each.choices))
    body = {
        "type": PROBLEM_TYPE_PREFIX + code,
        "title": text.title,
        "status": text.status,
        "code": code,
        "detail_sv": text.detail_sv.format_map(_with(spoken, choices)),
        "detail_en": text.detail_en.format_map(_with(spoken, choices)),
        "errors": [_pointed(each, _with(spoken, ", ".join(each.choices))) for each in places],
    }
    return {**members, **body}


def _with(spoken: _Facts, choices: str) -> _Facts:
    return _Facts({**spoken, "choices": choices}) if choices else spoken


def _pointed(each: Pointed, spoken: _Facts) -> dict[str, str]:
    """One entry of `errors`, with what to do in both languages, so that a form can show it beside its field."""
    text = ERRORS.get(each.code, ERRORS["invalid_value"])
    place = {} if each.place == "body" else {"in": each.place}
    return {
        "pointer": each.pointer,
        "code": each.code,
        **place,
        "detail_sv": text.detail_sv.format_map(spoken),
        "detail_en": text.detail_en.format_map(spoken),
    }


def _speak(fact: object, value: object) -> str:
    if isinstance(fact, datetime):
        return f"{fact:%Y-%m-%d %H:%M} {fact.tzname() or ''}".strip()
    if isinstance(value, list):
        return ", ".join(map(str, value)) or UNKNOWN_FACT
    return UNKNOWN_FACT if value is None else str(value)
