"""The catalogue: every type has an owner, a reader, a topic and examples, and the checks that say so bite."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import CATALOGUE, TOPICS, requests_topic, results_topic
from schemas.client import ClientCreatedV1
from schemas.envelope import EventData, EventType
from schemas.onboarding import OnboardingRejectedV1
from schemas.values import Value
from tests.contract.catalogue_checks import field_problems, models_within, orphan_problems, row_problems

ROWS = {row.name: row for row in CATALOGUE}
CREATED = ROWS["client.created"]


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_every_type_has_topic_owner_consumer_and_examples(row: EventType) -> None:
    assert row_problems(row, TOPICS) == []


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_no_type_of_ours_can_hold_an_address_a_personal_number_or_free_text(row: EventType) -> None:
    assert field_problems(row) == []


def test_every_topic_carries_some_type() -> None:
    assert {row.topic for row in CATALOGUE} == set(TOPICS)


def test_no_example_is_left_over() -> None:
    assert orphan_problems(CATALOGUE) == []


def test_models_are_named_after_their_type_and_version() -> None:
    for row in CATALOGUE:
        words = row.name.replace(".", "_").split("_")
        assert row.model.__name__ == "".join(word.capitalize() for word in words) + f"V{row.version}"


def test_only_what_has_an_aggregate_is_versioned() -> None:
    unversioned = {row.topic for row in CATALOGUE if not row.versioned}
    versioned = {row.topic for row in CATALOGUE if row.versioned}
    assert unversioned == {"onboarding-requests", "onboarding-results", "notification-events"}
    assert versioned == {"agency-events", "client-events", "activation-events"}
    assert {row.name for row in CATALOGUE if row.snapshot} == {
        "agency.snapshot",
        "client.snapshot",
        "activation.snapshot",
    }


def test_a_release_of_a_consultant_is_keyed_by_the_agency() -> None:
    by_agency = {row.name for row in CATALOGUE if row.topic == "activation-events" and row.key == "agency"}
    assert by_agency == {"consultant.released", "consultant.release_refused"}


def test_every_optional_field_defaults_to_nothing() -> None:
    for row in CATALOGUE:
        for model in {row.model, *models_within(row.model)}:
            for name, field in model.model_fields.items():
                assert field.is_required() or field.default is None, f"{model.__name__}.{name}"


def test_a_further_source_has_its_own_pair_of_topics() -> None:
    assert (requests_topic(), results_topic()) == ("onboarding-requests", "onboarding-results")
    assert (requests_topic("nord"), results_topic("nord")) == ("onboarding-requests-nord", "onboarding-results-nord")


def test_a_rejection_without_request_id_has_no_key() -> None:
    rejected = OnboardingRejectedV1(
        code="malformed_event", title="t", detail_sv="s", detail_en="e", errors=[], retryable=False
    )
    assert ROWS["onboarding.rejected"].key_of(rejected) is None


def _planted(**changes: Any) -> EventType:
    return replace(CREATED, **changes)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (_planted(topic="nowhere"), "no such topic"),
        (_planted(topic="activation-events"), "the topic has another writer"),
        (_planted(consumers=("onboarding",)), "a consumer does not read the topic"),
        (_planted(producer=""), "no producer"),
        (_planted(consumers=()), "no consumer"),
        (_planted(key="customer"), "the key is no field of the model"),
        (_planted(model=EventData, key="x"), "the model does not say what it means"),
        (_planted(name="client.polished"), "no minimal example"),
        (_planted(name="client.polished"), "no full example"),
        (_planted(version=2), "no invalid example"),
    ],
)
def test_a_planted_row_that_lacks_something_is_reported(row: EventType, problem: str) -> None:
    assert f"{row.wire_type}: {problem}" in row_problems(row, TOPICS)


def test_a_planted_orphan_is_reported(tmp_path: Path) -> None:
    (tmp_path / "client.polished").mkdir()
    (tmp_path / "client.polished" / "notes.txt").touch()
    assert orphan_problems(CATALOGUE, tmp_path) == ["client.polished: no such type", "notes.txt: not an example"]


class _House(Value):
    """Where somebody lives."""

    street: str


class _ClientWithHouses(ClientCreatedV1):
    """A client that says too much."""

    houses: list[_House] | None = None


def test_a_planted_address_deep_inside_is_reported() -> None:
    assert field_problems(_planted(model=_ClientWithHouses)) == [
        "se.aktivera.client.created.v1: _House.street has no place in our topics"
    ]
