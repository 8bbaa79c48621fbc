"""Checks an event offline, as its receiver would: a request by the rule book itself, any other by its model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from schemas.catalogue import CATALOGUE
from schemas.envelope import EventType
from schemas.errors import Pointed, problem
from schemas.onboarding import RequestData
from services.onboarding.domain import contract

Header = tuple[str, bytes]


@dataclass(frozen=True)
class Report:
    """What is wrong with an event. `notes` are no faults: what our schema does not promise, or only we can open."""

    type: str | None
    code: str | None
    errors: tuple[Pointed, ...] = ()
    detail: str = ""
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "accepted": self.code is None,
            "code": self.code,
            "errors": [{"pointer": each.pointer, **_texts(each)} for each in self.errors],
            "notes": self.notes,
        }


def check(value: bytes, headers: Sequence[Header], now: datetime) -> Report:
    """The report on an event, from its bytes and, in binary mode, its headers."""
    wire_type = _type_of(value, headers)
    row = CATALOGUE.find(wire_type or "")
    if row is not None and not issubclass(row.model, RequestData):
        return _as_reader(row, value)
    found = contract.check(value, headers, now)
    notes = [f"{place} can be opened by its receiver alone" for place in found.unopened]
    notes += [f"{each.pointer or '/'}: {each.code}: {_texts(each)['detail_en']}" for each in found.warnings]
    if found.code is None and row is not None:
        beyond = _beyond(row, value, headers)
        notes += [f"the published schema does not promise what stands at {place}" for place in beyond]
    return Report(wire_type, found.code, found.errors, found.detail, notes)


def lines(report: Report) -> list[str]:
    """The report for a terminal: each code with its place and both texts."""
    if report.code is None:
        said = [f"right: {report.type}"]
    else:
        what = f" ({report.detail})" if report.detail else ""
        said = [f"would be refused: {report.code}{what}"]
        for each in report.errors or (Pointed("", report.code),):
            texts = _texts(each)
            said.append(f"  {each.pointer or '/'}: {each.code}")
            said += [f"    {language}: {texts[f'detail_{language}']}" for language in ("sv", "en")]
    return said + [f"note: {each}" for each in report.notes]


def _texts(each: Pointed) -> dict[str, str]:
    (words,) = problem(each.code, [each], attribute=each.pointer.removeprefix("/") or "–")["errors"]
    return {"code": each.code, "detail_sv": words["detail_sv"], "detail_en": words["detail_en"]}


def _type_of(value: bytes, headers: Sequence[Header]) -> str | None:
    for name, content in headers:
        if name.lower() == "ce_type":
            return content.decode("utf-8", "replace")
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    found = document.get("type") if isinstance(document, dict) else None
    return found if isinstance(found, str) else None


def _as_reader(row: EventType, value: bytes) -> Report:
    try:
        row.adapter.validate_json(value)
    except ValidationError as error:
        places = tuple(Pointed(_pointer(each["loc"]), "undecodable") for each in _errors(error))
        return Report(row.wire_type, "undecodable", places)
    return Report(row.wire_type, None)


def _beyond(row: EventType, value: bytes, headers: Sequence[Header]) -> list[str]:
    """Where the rule book is more generous than the published shape."""
    assert issubclass(row.model, RequestData)
    document = orjson.loads(value)
    data = document if any(name.lower() == "ce_type" for name, _ in headers) else document["data"]
    try:
        row.model.shape.model_validate_json(orjson.dumps(data))
    except ValidationError as error:
        return [_pointer(each["loc"]) or "/" for each in _errors(error)]
    return []


def _errors(error: ValidationError) -> list[Any]:
    return error.errors(include_url=False, include_input=False, include_context=False)


def _pointer(place: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" for part in place)
