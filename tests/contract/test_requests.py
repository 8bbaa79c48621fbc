"""Requests are parsed leniently and published strictly, so that the rule book, not the parser, words every refusal."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import CATALOGUE
from schemas.envelope import EventType
from schemas.json_schema import json_schema
from schemas.onboarding import OnboardingRequestedV1, RequestData, RequestEnvelope
from tests.contract.catalogue_checks import accepts, example_files

REQUESTS = [row for row in CATALOGUE if issubclass(row.model, RequestData)]
REQUESTED = next(row for row in REQUESTS if row.name == "onboarding.requested")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.fixed_dictionaries({}, optional=dict.fromkeys(OnboardingRequestedV1.model_fields, ANYTHING)))
def test_any_object_parses_and_reaches_the_rule_book_unchanged(data: dict[str, Any]) -> None:
    assert OnboardingRequestedV1.model_validate(data).model_dump(exclude_unset=True) == data


@pytest.mark.parametrize("row", REQUESTS, ids=lambda row: row.name)
def test_what_the_published_schema_refuses_still_parses(row: EventType) -> None:
    for path in example_files(row):
        row.model.model_validate(json.loads(path.read_bytes())["data"])


def test_a_sender_needs_only_what_cloudevents_requires() -> None:
    minimal = next(path for path in example_files(REQUESTED) if path.stem == "minimal").read_bytes()
    event = RequestEnvelope[OnboardingRequestedV1].model_validate_json(minimal)
    assert (event.subject, event.time, event.correlationid) == (None, None, None)


@pytest.mark.parametrize("protected", [True, False, None])
def test_model_and_schema_agree_on_when_an_address_may_be_missing(protected: bool | None) -> None:
    event = json.loads(next(path for path in example_files(REQUESTED) if path.stem == "full").read_bytes())
    del event["data"]["details"]["address"]
    event["data"]["details"]["protected_identity"] = protected
    assert _judged(event) == (bool(protected), bool(protected))


@pytest.mark.parametrize(("access", "accepted"), [(True, False), (False, True)])
def test_model_and_schema_agree_on_when_a_recipient_may_be_missing(access: bool, accepted: bool) -> None:
    event = json.loads(next(path for path in example_files(REQUESTED) if path.stem == "full").read_bytes())
    event["data"]["access"] = {"program_access": access, "invoice_recipient": None, "invoice_interval": "year"}
    assert _judged(event) == (accepted, accepted)


@pytest.mark.parametrize(
    ("identity", "accepted"),
    [
        ({"kind": "organisation", "number": "165560360793"}, True),
        ({"kind": "organisation", "number_jwe": "a.b.c.d.e"}, True),
        ({"kind": "organisation", "number": "556036-0793", "number_jwe": "a.b.c.d.e"}, False),
        ({"kind": "sole_trader", "number_jwe": "a.b.c.d.e"}, True),
        ({"kind": "sole_trader", "number": "556036-0793"}, False),
        ({"kind": "association_without_orgnr", "number_jwe": "a.b.c.d.e", "responsible_person": "Olle Ek"}, True),
        ({"kind": "association_without_orgnr", "number_jwe": "a.b.c.d.e"}, False),
    ],
)
def test_model_and_schema_agree_on_how_a_client_is_identified(identity: dict[str, str], accepted: bool) -> None:
    event = json.loads(next(path for path in example_files(REQUESTED) if path.stem == "full").read_bytes())
    event["data"]["details"]["identity"] = identity
    assert _judged(event) == (accepted, accepted)


def _judged(event: dict[str, Any]) -> tuple[bool, bool]:
    """The verdicts of the strict model and of the published schema."""
    by_schema = jsonschema_rs.validator_for(json_schema(REQUESTED), validate_formats=True).is_valid(event)
    return accepts(REQUESTED, json.dumps(event).encode()), by_schema
