"""Reads a request as it was sent, a CloudEvent in structured or binary mode, from senders that may send anything."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from schemas.catalogue import CATALOGUE
from schemas.envelope import TYPE_PREFIX
from schemas.onboarding import RequestData, RequestEnvelope
from schemas.personal_numbers import NumberDisclosed, discloses_a_number

LARGEST_BYTES = 256 * 1024
DEEPEST = 32
ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "correlationid", "traceparent")
IN_THE_CLEAR = ("id", "source", "subject", "correlationid")

Document = Mapping[str, Any]
Headers = Sequence[tuple[str, bytes | None]]

_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f]")

_REQUESTS = [kind for kind in CATALOGUE if issubclass(kind.model, RequestData)]
_READERS: Mapping[str, TypeAdapter[RequestEnvelope[Any]]] = {
    kind.wire_type: TypeAdapter(RequestEnvelope[kind.model])  # type: ignore[name-defined]  # known at run time only
    for kind in _REQUESTS
}


class Unreadable(Exception):  # named after the fact
    """What was sent is no request; `code` (schemas/errors) says why, `pointer` where, `detail` names no value of it."""

    def __init__(self, code: str, detail: str = "", pointer: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.pointer = pointer


def read_request(value: bytes | None, headers: Headers) -> RequestEnvelope[Any]:
    """The request that was sent. Raises Unreadable."""
    if len(value or b"") > LARGEST_BYTES:
        raise Unreadable("payload_too_large", f"{len(value or b'')} bytes")
    document = _document(value, headers)
    reader = _reader_of(document)
    for attribute in IN_THE_CLEAR:
        if not is_clear(document.get(attribute, "")):
            raise _malformed(attribute)
    try:
        event = reader.validate_python(document)
    except ValidationError as error:
        raise _malformed(str(error.errors(include_url=False, include_input=False)[0]["loc"][0])) from None
    for attribute in IN_THE_CLEAR:
        if discloses_a_number(document.get(attribute) or ""):
            raise Unreadable(NumberDisclosed.code, f"in {attribute}", f"/{attribute}")
    if not _shallow(document["data"]):
        raise Unreadable("too_deep", pointer="/data")
    return event


def _reader_of(document: Document) -> TypeAdapter[RequestEnvelope[Any]]:
    """What reads its type, once it says that it is a CloudEvent of the version that we know."""
    if document.get("specversion") != "1.0":
        raise _malformed("specversion")
    if not isinstance(document.get("type"), str):
        raise _malformed("type")
    reader = _READERS.get(document["type"])
    if reader is None:
        raise _unknown(document["type"])
    return reader


def attributes_of(value: bytes | None, headers: Headers) -> Document:
    """What can be read of the attributes of a request that cannot be read whole."""
    try:
        texts = _texts(headers)
    except Unreadable:
        texts = {}
    named = _named(texts)
    if _is_binary(texts):
        return named  # what the body says of an id is data, and not the event's own
    try:
        body = _json(value)
    except Unreadable:
        return named
    is_event = isinstance(body, dict) and ("specversion" in body or not named)  # without its headers nothing is data
    return {**named, **body} if is_event else named


def is_clear(value: Any) -> bool:
    """Without control characters, which CloudEvents forbids and Postgres cannot store."""
    return not isinstance(value, str) or _CONTROL.search(value) is None


def _document(value: bytes | None, headers: Headers) -> Document:
    """The event as in structured mode, whichever mode it came in."""
    texts = _texts(headers)
    content_type = texts.get("content-type", "").split(";")[0].strip().lower()
    if content_type.startswith("application/cloudevents"):
        if content_type != "application/cloudevents+json":
            raise Unreadable("unsupported_media_type", "neither structured JSON nor binary mode")
    elif _is_binary(texts):
        return _binary(value, texts, content_type)
    document = _json(value)
    if not isinstance(document, dict):
        raise _malformed("specversion")
    _must_be_json(str(document.get("datacontenttype", "")).split(";")[0].strip().lower())
    return {name: document[name] for name in (*ATTRIBUTES, "data") if name in document}


def _binary(value: bytes | None, texts: Mapping[str, str], content_type: str) -> Document:
    _must_be_json(content_type)
    return _named(texts) | {"data": _json(value)}


def _is_binary(texts: Mapping[str, str]) -> bool:
    content_type = texts.get("content-type", "").strip().lower()
    return "ce_specversion" in texts and not content_type.startswith("application/cloudevents")


def _named(texts: Mapping[str, str]) -> dict[str, Any]:
    return {name: texts[f"ce_{name}"] for name in ATTRIBUTES if f"ce_{name}" in texts}


def _must_be_json(content_type: str) -> None:
    if content_type and content_type != "application/json" and not content_type.endswith("+json"):
        raise Unreadable("unsupported_media_type", "data of another type than JSON", "/datacontenttype")


def _texts(headers: Headers) -> dict[str, str]:
    try:
        return {name.lower(): (value or b"").decode() for name, value in headers}
    except UnicodeDecodeError:
        raise Unreadable("malformed_event", "a header that is not UTF-8") from None


def _json(value: bytes | None) -> Any:
    try:
        return orjson.loads(value or b"")
    except orjson.JSONDecodeError as error:
        raise Unreadable("too_deep" if "depth" in error.msg or "recursion" in error.msg else "malformed_json") from None


def _shallow(value: Any, depth: int = DEEPEST) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_shallow(each, depth - 1) for each in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_shallow(each, depth - 1) for each in value)
    return True


def _unknown(wire_type: str) -> Unreadable:
    name = wire_type.removeprefix(TYPE_PREFIX).rpartition(".v")[0]
    if wire_type.startswith(TYPE_PREFIX) and any(kind.name == name for kind in _REQUESTS):
        return Unreadable("unsupported_version", "a version that this release does not know", "/type")
    return Unreadable("unknown_event_type", "a type that this release does not know", "/type")


def _malformed(attribute: str) -> Unreadable:
    return Unreadable("malformed_event", f"{attribute} is missing or wrong", f"/{attribute}")
