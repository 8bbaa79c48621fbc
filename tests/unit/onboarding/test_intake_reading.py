"""Reading what senders send: both modes of CloudEvents, and every kind of garbage by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings.kafka import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from chassis.failures import Unprocessable
from schemas.errors import ERRORS
from schemas.onboarding import OnboardingRejectedV1, OnboardingRequestedV1
from services.onboarding.handlers import RequestKey
from services.onboarding.intake import decode, reject, subscription
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import cloud_event, content

NUMBER = "811218-9876"


@dataclass(frozen=True)
class Sent:
    """A record of a sender."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    key: bytes | None = None
    topic: str = "onboarding-requests"
    partition: int = 0
    offset: int = 0


def structured(**attributes: Any) -> Sent:
    """As it is sent; an attribute that is … is left out."""
    sent = {name: value for name, value in cloud_event(**attributes).items() if value is not ...}
    return Sent(orjson.dumps(sent))


def failure(record: Sent) -> Unprocessable:
    with pytest.raises(Unprocessable) as refused:
        decode(record)
    assert refused.value.code in ERRORS
    return refused.value


@pytest.mark.parametrize("write", [to_structured_event, to_binary_event])
def test_what_the_cloudevents_sdk_writes_is_read(write: Any) -> None:
    attributes = {name: value for name, value in cloud_event().items() if name not in {"data", "time"}}
    event = CloudEvent({**attributes, "correlationid": "corr-9", "datacontenttype": "application/json"}, content())
    message = write(event)
    read = decode(Sent(message.value, tuple(message.headers.items())))
    assert isinstance(read.data, OnboardingRequestedV1)
    assert (read.id, read.source, read.correlationid) == ("evt-1", "/upstream/demo", "corr-9")
    assert read.data.details["name"] == "Exempelbolaget AB"


def test_without_correlation_id_and_subject_the_events_id_stands_for_both() -> None:
    read = decode(structured())
    assert (read.correlationid, read.subject) == ("evt-1", "evt-1")
    read = decode(structured(correlationid="c", subject="s"))
    assert (read.correlationid, read.subject) == ("c", "s")


def test_a_structured_event_may_repeat_attributes_as_headers() -> None:
    headers = (("ce_type", b"se.aktivera.onboarding.requested.v1"), ("ce_id", b"evt-1"))
    assert decode(Sent(structured().value, headers)).id == "evt-1"


def test_a_malformed_traceparent_is_not_passed_on() -> None:
    good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert decode(structured(traceparent=good)).traceparent == good
    assert decode(structured(traceparent="junk")).traceparent is None


def test_bytes_that_are_the_same_content_have_one_digest_and_other_content_another() -> None:
    sent = cloud_event()
    turned = dict(reversed(list(sent.items()))) | {"data": dict(reversed(list(sent["data"].items())))}
    one, same = (RequestKey.of("t", decode(Sent(orjson.dumps(each)))) for each in (sent, turned))
    other = RequestKey.of("t", decode(structured(data=content(details__name="Annat"))))
    assert one == same
    assert one.content != other.content


@pytest.mark.parametrize(
    ("record", "code", "pointer"),
    [
        (Sent(None), "malformed_json", ""),
        (Sent(b""), "malformed_json", ""),
        (Sent(b"hello"), "malformed_json", ""),
        (Sent(b'{"id": "\xff\xfe"}'), "malformed_json", ""),
        (Sent(b'{"id": "\\ud800"}'), "malformed_json", ""),
        (Sent(b"[" * 200_000), "too_deep", ""),
        (Sent(b"[]"), "malformed_event", "/specversion"),
        (Sent(b"null"), "malformed_event", "/specversion"),
        (Sent(b"{}"), "malformed_event", "/specversion"),
        (structured(specversion=...), "malformed_event", "/specversion"),
        (structured(specversion=1.0), "malformed_event", "/specversion"),
        (structured(type=...), "malformed_event", "/type"),
        (Sent(b"x" * 900_000), "payload_too_large", ""),
        (structured(type="se.aktivera.onboarding.requested.v2"), "unsupported_version", "/type"),
        (structured(type="se.aktivera.client.created.v1"), "unknown_event_type", "/type"),
        (structured(type="com.example.made"), "unknown_event_type", "/type"),
        (structured(type=7), "malformed_event", "/type"),
        (structured(specversion="0.3"), "malformed_event", "/specversion"),
        (structured(id=""), "malformed_event", "/id"),
        (structured(id="x" * 513), "malformed_event", "/id"),
        (structured(id="a\x00b"), "malformed_event", "/id"),
        (structured(id=None), "malformed_event", "/id"),
        (structured(source=["x"]), "malformed_event", "/source"),
        (structured(time="yesterday"), "malformed_event", "/time"),
        (structured(correlationid="a\nb"), "malformed_event", "/correlationid"),
        (structured(data=None), "malformed_event", "/data"),
        (structured(data="text"), "malformed_event", "/data"),
        (structured(data={"access": eval("[" * 40 + "]" * 40)}), "too_deep", "/data"),
        (structured(datacontenttype="text/xml"), "unsupported_media_type", "/datacontenttype"),
        (Sent(b"[]", (("content-type", b"application/cloudevents-batch+json"),)), "unsupported_media_type", ""),
        (Sent(b"{}", (("ce_id", b"\xff"),)), "malformed_event", ""),
    ],
)
def test_garbage_is_refused_by_name(record: Sent, code: str, pointer: str) -> None:
    refused = failure(record)
    assert (refused.code, refused.pointer) == (code, pointer)


def test_a_sender_that_can_be_told_is_told_under_its_own_ids() -> None:
    record = structured(type="com.example.made", correlationid="corr-1")
    say = reject(record, failure(record), "onboarding-results-x")
    assert say is not None
    assert isinstance(say.data, OnboardingRejectedV1)
    assert (say.topic, say.correlation_id) == ("onboarding-results-x", "corr-1")
    assert (say.data.request_id, say.data.code, say.data.retryable) == ("evt-1", "unknown_event_type", False)
    assert [(each.pointer, each.code) for each in say.data.errors] == [("/type", "unknown_event_type")]


def test_a_sender_that_leaves_out_the_specversion_is_told_so_under_its_own_id() -> None:
    for headers in ((), (("content-type", b"application/cloudevents+json"),)):
        record = Sent(structured(specversion=...).value, headers)
        say = reject(record, failure(record), "onboarding-results")
        assert say is not None
        assert isinstance(say.data, OnboardingRejectedV1)
        assert (say.data.request_id, say.data.code) == ("evt-1", "malformed_event")
        assert "specversion" in say.data.detail_en


def test_a_sender_named_in_headers_is_told_of_a_body_that_cannot_be_read() -> None:
    headers = (("ce_specversion", b"1.0"), ("ce_id", b"evt-7"), ("ce_source", b"/upstream/demo"))
    record = Sent(b"\xff", (*headers, ("ce_type", b"se.aktivera.onboarding.requested.v1")))
    say = reject(record, failure(record), "onboarding-results")
    assert say is not None
    assert isinstance(say.data, OnboardingRejectedV1)
    assert (say.data.request_id, say.correlation_id, say.data.code) == ("evt-7", "evt-7", "malformed_json")


@pytest.mark.parametrize("value", [None, b"", b"hello", b"[]", b"{}", b'{"specversion": "1.0", "id": "a\\u0000b"}'])
def test_where_nobody_can_be_told_the_record_is_held(value: bytes | None) -> None:
    assert reject(Sent(value), failure(Sent(value)), "onboarding-results") is None


@pytest.mark.parametrize("attribute", ["id", "source", "subject", "correlationid"])
def test_a_personal_number_in_an_attribute_is_refused_and_never_repeated(attribute: str) -> None:
    record = structured(**({"event_id": NUMBER} if attribute == "id" else {attribute: f"x {NUMBER}"}))
    refused = failure(record)
    assert (refused.code, refused.pointer) == ("personal_number_not_allowed", f"/{attribute}")
    say = reject(record, refused, "onboarding-results")
    assert say is not None
    assert not tells_number(f"{say.data.model_dump_json()} {say.correlation_id} {refused}")
    assert isinstance(say.data, OnboardingRejectedV1)
    assert say.data.request_id == (None if attribute == "id" else "evt-1")


@pytest.mark.parametrize(("correlation", "told"), [({}, "onboarding-requests/0/0"), ({"correlationid": "c-1"}, "c-1")])
def test_a_rejection_without_id_names_the_senders_correlation_or_the_records_place(
    correlation: dict[str, str], told: str
) -> None:
    for record in (structured(event_id=NUMBER, **correlation), structured(event_id=NUMBER, data=None, **correlation)):
        say = reject(record, failure(record), "onboarding-results")
        assert say is not None
        assert say.correlation_id == told
        assert not tells_number(say.data.model_dump_json())


def test_a_number_in_the_headers_of_a_body_that_cannot_be_read_is_not_repeated() -> None:
    headers = (("ce_specversion", b"1.0"), ("ce_id", NUMBER.encode()), ("ce_source", b"/upstream/demo"))
    record = Sent(b"\xff", headers)
    say = reject(record, failure(record), "onboarding-results")
    assert say is not None
    assert not tells_number(f"{say.data.model_dump_json()} {say.correlation_id}")


def test_a_binary_event_is_answered_under_the_id_of_its_headers_whatever_its_body_says() -> None:
    names = ("specversion", "id", "source", "type")
    headers = tuple((f"ce_{each}", str(cloud_event(event_id="in-headers", type="x")[each]).encode()) for each in names)
    record = Sent(structured(event_id="in-body").value, headers)
    say = reject(record, failure(record), "onboarding-results")
    assert say is not None
    assert isinstance(say.data, OnboardingRejectedV1)
    assert say.data.request_id == "in-headers"


def test_each_source_has_its_own_pair_of_topics() -> None:
    assert subscription().topic == "onboarding-requests"
    assert subscription("acme").topic == "onboarding-requests-acme"
    assert subscription().ours is False


json = (
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5)
    | st.text()
)


@given(
    st.binary(max_size=200),
    st.lists(st.tuples(st.sampled_from(["ce_id", "ce_specversion", "content-type"]), st.binary(max_size=8))),
)
def test_no_bytes_break_the_reader(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    record = Sent(value, headers)
    refused = failure(record)
    reject(record, refused, "onboarding-results")


@given(st.dictionaries(st.sampled_from([*cloud_event(), "subject", "correlationid", "traceparent"]), json))
def test_no_json_breaks_the_reader(changes: dict[str, Any]) -> None:
    try:
        record = structured(**changes)
    except (TypeError, UnicodeEncodeError):
        return  # what JSON cannot say
    try:
        decode(record)
    except Unprocessable as refused:
        reject(record, refused, "onboarding-results")
