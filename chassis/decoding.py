"""From a record to an event: parsed once, from bytes, by the model of its type."""

from typing import Any

from pydantic import BaseModel, ValidationError

from chassis.failures import Unprocessable
from chassis.handling import Record
from schemas.envelope import TYPE_PREFIX, Catalogue, Envelope


class _TypeOnly(BaseModel):
    type: str


def decode(record: Record, catalogue: Catalogue) -> Envelope[Any]:
    """One of our own events. Raises Unprocessable with `undecodable`, `unknown_event_type` or `unsupported_version`."""
    if not record.value:
        raise Unprocessable("undecodable", "an empty record")
    wire_type = _wire_type(record)
    kind = catalogue.find(wire_type)
    if kind is None:
        raise unknown_type(wire_type, catalogue)
    try:
        event = kind.adapter.validate_json(record.value)
    except ValidationError as error:
        raise undecodable(error) from None
    if event.type != wire_type:
        raise Unprocessable("undecodable", "the ce_type header and the type differ", "/type")
    return event


def undecodable(error: ValidationError) -> Unprocessable:
    """The first thing that is wrong, by place and kind; never a value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    pointer = "".join(f"/{part}" for part in first["loc"])
    return Unprocessable("undecodable", f"{first['type']} at {pointer or '/'}", pointer)


def unknown_type(wire_type: str, catalogue: Catalogue) -> Unprocessable:
    """`unsupported_version` where we know the type in another version, else `unknown_event_type`."""
    name = wire_type.removeprefix(TYPE_PREFIX).rpartition(".v")[0]
    if wire_type.startswith(TYPE_PREFIX) and any(kind.name == name for kind in catalogue):
        return Unprocessable("unsupported_version", "a version that this release does not know", "/type")
    return Unprocessable("unknown_event_type", "a type that this release does not know", "/type")


def _wire_type(record: Record) -> str:
    for name, value in record.headers:
        if name == "ce_type" and value:
            return value.decode("utf-8", "replace")
    try:
        return _TypeOnly.model_validate_json(record.value or b"").type
    except ValidationError as error:
        raise undecodable(error) from None
