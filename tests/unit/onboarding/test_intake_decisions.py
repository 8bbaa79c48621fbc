"""Upstream requests: accepted once, refused in the sender's words, answered the same again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.catalogue import CATALOGUE
from schemas.client import ClientCancellationRequestedV1, ClientCreatedV1, ClientLicencesChangeRequestedV1
from schemas.envelope import Decision, Envelope, EventData
from schemas.onboarding import (
    OnboardingAcceptedV1,
    OnboardingCancellationRequestedV1,
    OnboardingLicencesChangeRequestedV1,
    OnboardingRejectedV1,
    OnboardingRequestedV1,
)
from services.onboarding.domain.client import Target
from services.onboarding.domain.creation import Namesake, Neighbours
from services.onboarding.domain.intake import (
    Intake,
    decide_cancellation,
    decide_licences_change,
    decide_onboarding,
)
from services.onboarding.domain.requests import Sender
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import NOW, content, sole_trader

SENDER = Sender("/upstream/demo", "onboarding-results-demo", None, False)
CLIENT = UUID(int=7)
STATE = Intake(SENDER, b"digest", True, Neighbours("sv", None, ()))
LATER = NOW + timedelta(days=1)


def event(data: EventData, source: str = "/upstream/demo", event_id: str = "evt-1") -> Envelope[Any]:
    return Envelope.model_construct(
        specversion="1.0",
        id=event_id,
        source=source,
        type=CATALOGUE.type_of(data).wire_type,
        subject=event_id,
        time=NOW,
        correlationid="corr-1",
        data=data,
    )


def requested(**changes: Any) -> Envelope[Any]:
    return event(OnboardingRequestedV1(**{"agency": "byra-ett", "external_ref": "ref-1", **content(**changes)}))


def rejection(decision: Decision[Intake]) -> OnboardingRejectedV1:
    (say,) = decision.says
    assert isinstance(say.data, OnboardingRejectedV1)
    assert (say.topic, say.correlation_id) == ("onboarding-results-demo", "corr-1")
    return say.data


def test_an_accepted_request_says_accepted_and_created_together() -> None:
    decision = decide_onboarding(STATE, requested(), NOW)
    accepted, created = decision.says
    client = decision.state.client
    assert client is not None
    assert accepted.data == OnboardingAcceptedV1(
        request_id="evt-1", agency="byra-ett", client_id=client.client_id, external_ref="ref-1"
    )
    assert (accepted.topic, accepted.correlation_id, accepted.version) == ("onboarding-results-demo", "corr-1", None)
    assert isinstance(created.data, ClientCreatedV1)
    assert (created.version, created.topic) == (1, None)
    assert (created.data.origin, created.data.source, created.data.created_by) == ("event", "/upstream/demo", None)
    assert client.client_id.version == 7


def test_a_test_source_makes_test_clients() -> None:
    decision = decide_onboarding(replace(STATE, sender=replace(SENDER, test=True)), requested(), NOW)
    assert decision.state.client is not None
    assert decision.state.client.test


def test_the_same_request_again_is_answered_the_same_and_changes_nothing() -> None:
    first = decide_onboarding(STATE, requested(), NOW)
    again = decide_onboarding(first.state, requested(), LATER)
    assert again.state is first.state
    assert again.says == first.says[:1]


def test_a_refused_request_again_is_answered_the_same_and_changes_nothing() -> None:
    first = decide_onboarding(STATE, requested(details__name=...), NOW)
    again = decide_onboarding(first.state, requested(details__name=...), LATER)
    assert again.state is first.state
    assert again.says == first.says


def test_the_same_id_with_other_content_is_refused_and_the_first_answer_stays() -> None:
    first = decide_onboarding(STATE, requested(), NOW)
    other = decide_onboarding(replace(first.state, digest=b"other"), requested(), LATER)
    assert rejection(other).code == "event_id_reused"
    assert other.state.request is first.state.request


def test_a_wrong_source_is_refused_and_nothing_is_remembered() -> None:
    decision = decide_onboarding(STATE, event(requested().data, source="/upstream/other"), NOW)
    assert rejection(decision).code == "wrong_source"
    assert decision.state is STATE


def test_an_unknown_agency_may_be_tried_again_and_then_succeeds() -> None:
    unknown = replace(STATE, agency_known=False)
    first = decide_onboarding(unknown, requested(), NOW)
    refused = rejection(first)
    assert (refused.code, refused.retryable) == ("unknown_agency", True)
    again = decide_onboarding(first.state, requested(), LATER)
    assert again.state is first.state
    assert rejection(again).code == "unknown_agency"
    known = decide_onboarding(replace(first.state, agency_known=True), requested(), LATER)
    assert [type(say.data) for say in known.says] == [OnboardingAcceptedV1, ClientCreatedV1]


def test_a_source_reaches_only_the_agencies_it_may() -> None:
    state = replace(STATE, sender=replace(SENDER, agencies=frozenset({"byra-tva"})))
    assert rejection(decide_onboarding(state, requested(), NOW)).code == "wrong_agency"


def test_all_that_is_wrong_is_told_with_pointers_in_both_languages() -> None:
    refused = rejection(decide_onboarding(STATE, requested(details__name=..., access__invoice_interval="x"), NOW))
    assert refused.code == "invalid_content"
    assert {(each.pointer, each.code) for each in refused.errors} == {
        ("/details/name", "required"),
        ("/access/invoice_interval", "invalid_choice"),
    }
    assert refused.retryable is False
    assert refused.title
    assert refused.detail_sv != refused.detail_en
    assert (refused.request_id, refused.agency) == ("evt-1", "byra-ett")


def test_a_consultant_who_is_none_of_the_agencys_is_told_beside_what_else_is_wrong() -> None:
    state = replace(STATE, neighbours=replace(STATE.neighbours, no_such_consultant=True))
    asked = requested(details__name=...)
    both = [("/details/name", "required"), ("/responsible_consultant", "unknown_consultant")]
    assert places(decide_onboarding(state, asked, NOW)) == both
    for other in (
        replace(state, sender=replace(SENDER, agencies=frozenset({"byra-tva"}))),
        replace(state, agency_known=False),
    ):
        assert places(decide_onboarding(other, asked, NOW)) == both[:1]


def places(decision: Any) -> list[tuple[str, str]]:
    return [(each.pointer, each.code) for each in rejection(decision).errors]


def test_a_choice_that_is_none_is_told_with_those_there_are() -> None:
    refused = rejection(decide_onboarding(STATE, requested(access__invoice_interval="x"), NOW))
    assert refused.detail_en.endswith("Choose one of them: month, quarter, year.")
    assert refused.detail_sv.endswith("Välj ett av dem: month, quarter, year.")


def test_a_duplicate_is_told_with_the_client_that_has_the_number() -> None:
    same = Namesake(CLIENT, "byra-ett", "organisation", "x")
    refused = rejection(decide_onboarding(replace(STATE, neighbours=Neighbours("sv", None, (same,))), requested(), NOW))
    assert (refused.code, refused.client_id) == ("duplicate_client", CLIENT)


def test_a_known_reference_is_told_with_its_client() -> None:
    state = replace(STATE, neighbours=Neighbours("sv", CLIENT, ()))
    refused = rejection(decide_onboarding(state, requested(), NOW))
    assert (refused.code, refused.client_id) == ("already_onboarded", CLIENT)


def test_a_refusal_repeats_no_number() -> None:
    decision = decide_onboarding(STATE, requested(details__identity=sole_trader()), NOW)
    assert rejection(decision).code == "identity_must_be_encrypted"
    assert not tells_number(decision.says[0].data.model_dump_json())


@pytest.mark.parametrize("agency", [None, 7, [], "", "x" * 1000, "a\x00b"])
def test_an_agency_of_any_form_is_refused_not_crashed_on(agency: Any) -> None:
    data = OnboardingRequestedV1(**{**content(), "agency": agency})
    assert rejection(decide_onboarding(STATE, event(data), NOW)).errors[0].pointer == "/agency"


TARGET = Target(CLIENT, 3, "byra-ett", "listed", "/upstream/demo", "ref-1")
WITH_TARGET = replace(STATE, target=TARGET)


def test_a_cancellation_is_accepted_and_asked_of_activation_at_the_next_version() -> None:
    data = OnboardingCancellationRequestedV1(external_ref="ref-1", reason="withdrawn")
    decision = decide_cancellation(WITH_TARGET, event(data), NOW)
    accepted, asked = decision.says
    assert isinstance(accepted.data, OnboardingAcceptedV1)
    assert accepted.data.client_id == CLIENT
    assert isinstance(asked.data, ClientCancellationRequestedV1)
    assert (asked.version, asked.data.reason) == (4, "withdrawn")
    assert (asked.data.requested_by.kind, asked.data.requested_by.id) == ("source", "/upstream/demo")
    assert decision.state.target == replace(TARGET, version=4)
    assert decision.state.request is not None
    assert decision.state.request.command_id == asked.data.request_id


def test_other_licences_are_asked_of_activation() -> None:
    data = OnboardingLicencesChangeRequestedV1(
        client_id=str(CLIENT), counts={"bookkeeping": 0, "invoicing": 3}, effective_at="2026-12-01T00:00:00+01:00"
    )
    decision = decide_licences_change(WITH_TARGET, event(data), NOW)
    _, asked = decision.says
    assert decision.state.request is not None
    assert decision.state.request.effective_at == datetime.fromisoformat("2026-12-01T00:00:00+01:00")
    assert isinstance(asked.data, ClientLicencesChangeRequestedV1)
    assert asked.data.counts == {"bookkeeping": 0, "invoicing": 3}
    assert asked.data.effective_at is not None


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"reason": "withdrawn"}, "required", "/client_id"),
        ({"client_id": "7", "reason": "withdrawn"}, "invalid_value", "/client_id"),
        ({"external_ref": "ref-1"}, "required", "/reason"),
        ({"external_ref": "ref-1", "reason": "tired"}, "invalid_choice", "/reason"),
    ],
)
def test_a_cancellation_that_is_wrong_is_pointed_at(fields: dict[str, Any], code: str, pointer: str) -> None:
    refused = rejection(decide_cancellation(WITH_TARGET, event(OnboardingCancellationRequestedV1(**fields)), NOW))
    assert [(each.code, each.pointer) for each in refused.errors] == [(code, pointer)]


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({}, "required", "/counts"),
        ({"counts": {"nothing": 1}}, "unknown_program", "/counts/nothing"),
        ({"counts": {"invoicing": -1}}, "invalid_count", "/counts/invoicing"),
        ({"counts": {"invoicing": 1}, "effective_at": "tomorrow"}, "invalid_date", "/effective_at"),
        ({"counts": {"invoicing": 1}, "effective_at": "2026-12-01T00:00:00"}, "invalid_date", "/effective_at"),
        ({"counts": {"invoicing": 1}, "effective_at": "2026-01-01T00:00:00Z"}, "effective_at_in_past", "/effective_at"),
    ],
)
def test_a_change_of_licences_that_is_wrong_is_pointed_at(fields: dict[str, Any], code: str, pointer: str) -> None:
    data = OnboardingLicencesChangeRequestedV1(external_ref="ref-1", **fields)
    refused = rejection(decide_licences_change(WITH_TARGET, event(data), NOW))
    assert [(each.code, each.pointer) for each in refused.errors] == [(code, pointer)]


@pytest.mark.parametrize(
    ("target", "code", "retryable"),
    [
        (None, "unknown_client", True),
        (replace(TARGET, source="/upstream/other"), "unknown_client", True),
        (replace(TARGET, source=None), "unknown_client", True),
        (replace(TARGET, status="active"), "already_activated", False),
        (replace(TARGET, status="disconnecting"), "already_activated", False),
        (replace(TARGET, status="disconnected"), "already_activated", False),
        (replace(TARGET, status="cancelled"), "invalid_transition", False),
        (replace(TARGET, status="erased"), "invalid_transition", False),
    ],
)
def test_only_a_sources_own_waiting_client_is_cancelled(target: Target | None, code: str, retryable: bool) -> None:
    data = OnboardingCancellationRequestedV1(external_ref="ref-1", reason="withdrawn")
    decision = decide_cancellation(replace(STATE, target=target), event(data), NOW)
    refused = rejection(decision)
    assert (refused.code, refused.retryable) == (code, retryable)
    assert decision.waits == ("unknown_client" if code == "unknown_client" else None)


def test_a_source_that_cancels_too_late_is_told_who_activated_and_when_however_often_it_asks() -> None:
    active = replace(TARGET, status="active", activated_by="Karin Ek", activated_at=NOW)
    cancel = event(OnboardingCancellationRequestedV1(external_ref="ref-1", reason="withdrawn"))
    first = decide_cancellation(replace(STATE, target=active), cancel, NOW)
    assert f"av Karin Ek ({NOW:%Y-%m-%d %H:%M} UTC)" in rejection(first).detail_sv
    assert first.state.request is not None
    assert first.state.request.refusal is not None
    stored = replace(first.state.request, refusal=replace(first.state.request.refusal, facts={}))
    assert decide_cancellation(replace(first.state, request=stored), cancel, LATER).says == first.says


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (None, "unknown_client"),
        (replace(TARGET, status="cancelled"), "client_cancelled"),
        (replace(TARGET, status="disconnected"), "client_disconnected"),
        (replace(TARGET, status="erased"), "client_erased"),
    ],
)
def test_a_source_asks_for_licences_of_a_living_client_alone(target: Target | None, code: str) -> None:
    data = OnboardingLicencesChangeRequestedV1(external_ref="ref-1", counts={"bookkeeping": 1})
    assert rejection(decide_licences_change(replace(STATE, target=target), event(data), NOW)).code == code
