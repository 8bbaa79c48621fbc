"""Reads what upstream sources send: CloudEvents in structured or binary mode, from senders that may send anything."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from chassis.db import Database
from chassis.decoding import unknown_type
from chassis.failures import Unprocessable
from chassis.handling import Record, Subscription
from chassis.tracing import accepted
from schemas.catalogue import CATALOGUE
from schemas.envelope import Catalogue, Envelope, Say
from schemas.errors import Pointed
from schemas.onboarding import (
    OnboardingCancellationRequestedV1,
    OnboardingLicencesChangeRequestedV1,
    OnboardingRequestedV1,
    RequestEnvelope,
)
from schemas.topics import requests_topic, results_topic
from services.onboarding import vault
from services.onboarding.domain.disclosure import NumberDisclosed, discloses_a_number
from services.onboarding.domain.encrypted_number import DecryptedNumber, read_payload, undecryptable
from services.onboarding.domain.requests import rejection
from services.onboarding.handlers import requests_from
from services.onboarding.store import sources

LARGEST_BYTES = 256 * 1024
DEEPEST = 32
LONGEST_ATTRIBUTE = 512
ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "correlationid", "traceparent")
IN_THE_CLEAR = ("id", "source", "subject", "correlationid")
UNTIMED = datetime.fromtimestamp(0, UTC)

Document = Mapping[str, Any]

_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f]")

_REQUESTS = Catalogue(
    kind
    for kind in CATALOGUE
    if kind.model in {OnboardingRequestedV1, OnboardingCancellationRequestedV1, OnboardingLicencesChangeRequestedV1}
)
_READERS: Mapping[str, TypeAdapter[RequestEnvelope[Any]]] = {
    kind.wire_type: TypeAdapter(RequestEnvelope[kind.model])  # type: ignore[name-defined]  # known at run time only
    for kind in _REQUESTS
}


def subscription(slug: str | None = None) -> Subscription:
    """The topic of one source: the first, or the one with this slug."""
    topic = requests_topic(slug)
    return Subscription(
        topic=topic,
        handler=requests_from(topic),
        producer="upstream",
        ours=False,
        decode=decode,
        reject=partial(reject, results=results_topic(slug)),
    )


async def further(database: Database) -> dict[str, Subscription]:
    """The topics of the further sources that there are, by the name of each one's reader."""
    found: dict[str, Subscription] = {}
    for source in await sources.all_of(database):
        if source.slug is not None:
            found[f"source-{source.slug}"] = replace(subscription(source.slug), paused=source.state != "active")
    return found


def decode(record: Record) -> Envelope[Any]:
    """A request as an event of ours. Raises Unprocessable with a code that the sender can be told."""
    if len(record.value or b"") > LARGEST_BYTES:
        raise Unprocessable("payload_too_large", f"{len(record.value or b'')} bytes")
    document = _document(record)
    if not isinstance(document.get("type"), str):
        raise _malformed("type")
    reader = _READERS.get(document["type"])
    if reader is None:
        raise unknown_type(document["type"], _REQUESTS)
    for attribute in IN_THE_CLEAR:
        if not _is_clear(document.get(attribute, "")):
            raise _malformed(attribute)
    try:
        event = reader.validate_python(document)
    except ValidationError as error:
        raise _malformed(str(error.errors(include_url=False, include_input=False)[0]["loc"][0])) from None
    _refuse_disclosure(document)
    if not _shallow(document["data"]):
        raise Unprocessable("too_deep", pointer="/data")
    return Envelope.model_construct(
        specversion="1.0",
        id=event.id,
        source=event.source,
        type=event.type,
        subject=event.subject or event.id,
        time=event.time or _sent_at(record),
        datacontenttype="application/json",
        sequence=None,
        correlationid=event.correlationid or event.id,
        causationid=None,
        traceparent=accepted(event.traceparent),
        data=_opened(event),
    )


def reject(record: Record, failure: Unprocessable, results: str) -> Say | None:
    """Tells the sender why a record cannot be read; None where it names none, and must be held instead.

    An id that is a personal number is not repeated: the rejection has no `request_id` then. It is told all the same,
    and not held, so that nobody here keeps the number. Its correlation id is the sender's or else the record's place.
    """
    document = _attributes(record)
    request_id, source = (_name(document.get(each)) for each in ("id", "source"))
    if request_id is None or source is None:
        return None
    request_id, correlation_id = (_harmless(each) for each in (request_id, _name(document.get("correlationid"))))
    errors = (Pointed(failure.pointer, failure.code),) if failure.pointer else ()
    data = rejection(failure.code, errors, request_id=request_id, attribute=failure.pointer.strip("/") or None)
    place = f"{record.topic}/{record.partition}/{record.offset}"
    return Say(data, topic=results, correlation_id=correlation_id or request_id or place)


def _document(record: Record) -> Document:
    """The event as in structured mode, whichever mode it came in."""
    headers = _headers(record)
    content_type = headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type.startswith("application/cloudevents"):
        if content_type != "application/cloudevents+json":
            raise Unprocessable("unsupported_media_type", "neither structured JSON nor binary mode")
    elif "ce_specversion" in headers:
        return _binary(record, headers, content_type)
    document = _json(record)
    if not isinstance(document, dict):
        raise _malformed("specversion")
    _must_be_json(str(document.get("datacontenttype", "")).split(";")[0].strip().lower())
    return {name: document[name] for name in (*ATTRIBUTES, "data") if name in document}


def _binary(record: Record, headers: Mapping[str, str], content_type: str) -> Document:
    _must_be_json(content_type)
    return {name: headers[f"ce_{name}"] for name in ATTRIBUTES if f"ce_{name}" in headers} | {"data": _json(record)}


def _must_be_json(content_type: str) -> None:
    if content_type and content_type != "application/json" and not content_type.endswith("+json"):
        raise Unprocessable("unsupported_media_type", "data of another type than JSON", "/datacontenttype")


def _opened(event: RequestEnvelope[Any]) -> Any:
    """The event's data with the encrypted number opened: from here on it is in memory, and then in the vault."""
    details = event.data.details if isinstance(event.data, OnboardingRequestedV1) else None
    identity = details.get("identity") if isinstance(details, dict) else None
    sent = identity.get("number_jwe") if isinstance(identity, dict) else None
    if not isinstance(sent, str):
        return event.data
    opened = {**details, "identity": {**identity, "number_jwe": _number_in(sent, event)}}  # type: ignore[dict-item]  # both are dicts where a text was found
    return event.data.model_copy(update={"details": opened})


def _number_in(sent: str, event: RequestEnvelope[Any]) -> DecryptedNumber:
    try:
        return read_payload(vault.opened().intake.open(sent), event.source, event.id, sent)
    except vault.Undecryptable:
        return undecryptable(sent)


def _headers(record: Record) -> dict[str, str]:
    try:
        return {name.lower(): (value or b"").decode() for name, value in record.headers}
    except UnicodeDecodeError:
        raise Unprocessable("malformed_event", "a header that is not UTF-8") from None


def _json(record: Record) -> Any:
    try:
        return orjson.loads(record.value or b"")
    except orjson.JSONDecodeError as error:
        raise Unprocessable(
            "too_deep" if "depth" in error.msg or "recursion" in error.msg else "malformed_json"
        ) from None


def _attributes(record: Record) -> Document:
    """What can be read of the attributes of a record that cannot be read whole."""
    try:
        headers = _headers(record)
        named = {name: headers[f"ce_{name}"] for name in ATTRIBUTES if f"ce_{name}" in headers}
    except Unprocessable:
        named = {}
    try:
        body = _json(record)
    except Unprocessable:
        return named
    return {**named, **body} if isinstance(body, dict) and "specversion" in body else named


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_ATTRIBUTE and _is_clear(value) else None


def _refuse_disclosure(document: Document) -> None:
    for attribute in IN_THE_CLEAR:
        if discloses_a_number(document.get(attribute) or ""):
            raise Unprocessable(NumberDisclosed.code, f"in {attribute}", f"/{attribute}")


def _harmless(name: str | None) -> str | None:
    return None if name is None or discloses_a_number(name) else name


def _is_clear(value: Any) -> bool:
    """Without control characters, which CloudEvents forbids and Postgres cannot store."""
    return not isinstance(value, str) or _CONTROL.search(value) is None


def _shallow(value: Any, depth: int = DEEPEST) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_shallow(each, depth - 1) for each in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_shallow(each, depth - 1) for each in value)
    return True


def _sent_at(record: Record) -> datetime:
    """Kafka's own time of a record whose sender gave none."""
    milliseconds = getattr(record, "timestamp", None)
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds and milliseconds > 0 else UNTIMED


def _malformed(attribute: str) -> Unprocessable:
    return Unprocessable("malformed_event", f"{attribute} is missing or wrong", f"/{attribute}")
