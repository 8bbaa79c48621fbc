"""Reads what upstream sources send: CloudEvents in structured or binary mode, from senders that may send anything."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from chassis.db import Database
from chassis.failures import Unprocessable
from chassis.handling import Record, Subscription
from chassis.tracing import accepted
from schemas.envelope import Envelope, Say
from schemas.errors import Pointed
from schemas.onboarding import (
    OnboardingRequestedV1,
    RequestEnvelope,
)
from schemas.personal_numbers import discloses_a_number
from schemas.topics import requests_topic, results_topic
from services.onboarding import vault
from services.onboarding.domain.encrypted_number import DecryptedNumber, read_payload, undecryptable
from services.onboarding.domain.reading import Unreadable, attributes_of, is_clear, read_request
from services.onboarding.domain.requests import rejection
from services.onboarding.handlers import requests_from
from services.onboarding.store import sources

LONGEST_ATTRIBUTE = 512
UNTIMED = datetime.fromtimestamp(0, UTC)


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
    try:
        event = read_request(record.value, record.headers)
    except Unreadable as fact:
        raise Unprocessable(fact.code, fact.detail, fact.pointer) from None
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
    document = attributes_of(record.value, record.headers)
    request_id, source = (_name(document.get(each)) for each in ("id", "source"))
    if request_id is None or source is None:
        return None
    request_id, correlation_id = (_harmless(each) for each in (request_id, _name(document.get("correlationid"))))
    errors = (Pointed(failure.pointer, failure.code),) if failure.pointer else ()
    data = rejection(failure.code, errors, request_id=request_id, attribute=failure.pointer.strip("/") or None)
    place = f"{record.topic}/{record.partition}/{record.offset}"
    return Say(data, topic=results, correlation_id=correlation_id or request_id or place)


def _opened(event: RequestEnvelope[Any]) -> Any:
    """The event's data with the encrypted number opened: from here on it is in memory, and then in the vault."""
    details = event.data.details if isinstance(event.data, OnboardingRequestedV1) else None
    identity = details.get("identity") if isinstance(details, dict) else None
    sent = identity.get("number_jwe") if isinstance(identity, dict) else None
    if not (isinstance(details, dict) and isinstance(identity, dict) and isinstance(sent, str)):
        return event.data
    opened = {**details, "identity": {**identity, "number_jwe": _number_in(sent, event)}}
    return event.data.model_copy(update={"details": opened})


def _number_in(sent: str, event: RequestEnvelope[Any]) -> DecryptedNumber:
    try:
        return read_payload(vault.opened().intake.open(sent), event.source, event.id, sent)
    except vault.Undecryptable:
        return undecryptable(sent)


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_ATTRIBUTE and is_clear(value) else None


def _harmless(name: str | None) -> str | None:
    return None if name is None or discloses_a_number(name) else name


def _sent_at(record: Record) -> datetime:
    """Kafka's own time of a record whose sender gave none."""
    milliseconds = getattr(record, "timestamp", None)
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds and milliseconds > 0 else UNTIMED
