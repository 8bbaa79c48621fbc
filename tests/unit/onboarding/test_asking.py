"""What people ask of activation: read by the rule book, one of a kind at a time, and answered once."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.activation import ActivationCancellationRefusedV1
from schemas.client import ClientCancellationRequestedV1, ClientLicencesChangeRequestedV1
from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Decision
from schemas.errors import Refused
from schemas.licences import LicencesChangedV1, LicencesChangeRefusedV1
from schemas.values import Person, Pointer
from services.onboarding.domain.asking import (
    ANSWERED_WITHIN,
    Ask,
    Askable,
    AskCancellation,
    AskLicences,
    RequestPending,
    ask_cancellation,
    ask_licences,
)
from services.onboarding.domain.client import ClientElsewhere
from services.onboarding.domain.life_cycle import (
    AlreadyActivated,
    ClientIsCancelled,
    ClientIsDisconnected,
    ClientIsErased,
    TransitionInvalid,
)
from services.onboarding.domain.progress import (
    Progress,
    follow_cancellation_refused,
    follow_cancelled,
    follow_disconnection_approved,
    follow_disconnection_dropped,
    follow_disconnection_requested,
    follow_licences_change_refused,
    follow_licences_changed,
    follow_snapshot,
)
from services.onboarding.domain.rule_book import ContentInvalid
from tests.unit.onboarding.contents import NOW
from tests.unit.onboarding.test_progress import AT, CANCELLED, CLIENT, FROM_PERSON, SCOPE, event, snapshot

KARIN = Person(sub="karin", name="Karin")
REQUEST = UUID(int=5)
STATE = Askable(CLIENT, 3, "byra-ett", "listed", True, None, None)
ACTIVE = replace(STATE, status="active", activated_by="Erik", activated_at=AT)


def wish(kind: type[Ask], content: dict[str, Any], request_id: UUID = REQUEST) -> Any:
    return kind("byra-ett", request_id, content, KARIN, "corr-1")


def cancel(state: Askable | None = STATE, reason: Any = "mistake", now: datetime = NOW) -> Decision[Askable]:
    return ask_cancellation(state, wish(AskCancellation, {"reason": reason}, UUID(int=6)), now)


def licences(state: Askable | None = STATE, now: datetime = NOW, **content: Any) -> Decision[Askable]:
    return ask_licences(state, wish(AskLicences, content), now)


def test_a_cancellation_is_asked_of_activation_at_the_next_version() -> None:
    decision = cancel()
    (say,) = decision.says
    assert isinstance(say.data, ClientCancellationRequestedV1)
    assert (say.version, decision.state.version) == (4, 4)
    assert (say.data.request_id, say.data.reason) == (UUID(int=6), "mistake")
    assert (say.data.requested_by.kind, say.data.requested_by.id, say.data.requested_by.name) == (
        "user",
        "karin",
        "Karin",
    )
    asked = decision.state.asked
    assert asked is not None
    assert (asked.kind, asked.state, asked.by, asked.asked_at) == ("cancellation", "pending", KARIN, NOW)


@pytest.mark.parametrize(
    ("reason", "code"), [(None, "required"), ("för dyrt", "invalid_choice"), (1, "invalid_choice")]
)
def test_a_cancellation_needs_a_reason_that_is_a_code(reason: Any, code: str) -> None:
    with pytest.raises(ContentInvalid) as refused:
        cancel(reason=reason)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/reason", code)]


@pytest.mark.parametrize("status", ["active", "disconnecting", "disconnected"])
def test_after_the_activation_nothing_is_cancelled_and_who_activated_is_told(status: Any) -> None:
    with pytest.raises(AlreadyActivated) as refused:
        cancel(replace(ACTIVE, status=status))
    assert refused.value.facts == {"activated_by": "Erik", "activated_at": AT}


@pytest.mark.parametrize("status", ["cancelled", "erased"])
def test_what_is_gone_does_not_become_cancelled(status: Any) -> None:
    with pytest.raises(TransitionInvalid) as refused:
        cancel(replace(STATE, status=status))
    assert (refused.value.facts["from"], refused.value.facts["to"]) == (status, "cancelled")
    assert refused.value.facts["allowed"] == (["erased"] if status == "cancelled" else [])


@pytest.mark.parametrize("state", [None, replace(STATE, agency="byra-tva")])
def test_of_another_agencys_client_nothing_is_asked(state: Askable | None) -> None:
    with pytest.raises(ClientElsewhere):
        cancel(state)
    with pytest.raises(ClientElsewhere):
        licences(state, counts={"bookkeeping": 1})


def test_licences_are_asked_of_activation_as_they_were_read() -> None:
    (say,) = licences(counts={"bookkeeping": 3, "invoicing": 0}, effective_at=AT.isoformat(), reason="ended").says
    assert isinstance(say.data, ClientLicencesChangeRequestedV1)
    assert (say.data.counts, say.data.effective_at, say.data.reason) == (
        {"bookkeeping": 3, "invoicing": 0},
        AT,
        "ended",
    )
    assert say.data.program_access is None


WITHOUT_ACCESS = replace(STATE, program_access=False)


@pytest.mark.parametrize(
    ("state", "content", "pointer", "code"),
    [
        (STATE, {}, "/counts", "required"),
        (STATE, {"counts": []}, "/counts", "invalid_value"),
        (STATE, {"counts": {"bookkeeping": -1}}, "/counts/bookkeeping", "invalid_count"),
        (STATE, {"counts": {"bookkeeping": 10000}}, "/counts/bookkeeping", "invalid_count"),
        (STATE, {"counts": {"astrology": 1}}, "/counts/astrology", "unknown_program"),
        (STATE, {"counts": {"bookkeeping": 1}, "effective_at": "tomorrow"}, "/effective_at", "invalid_date"),
        (
            STATE,
            {"counts": {"bookkeeping": 1}, "effective_at": (NOW - timedelta(days=1)).isoformat()},
            "/effective_at",
            "effective_at_in_past",
        ),
        (STATE, {"counts": {"bookkeeping": 1}, "reason": "x"}, "/reason", "invalid_choice"),
        (STATE, {"program_access": "no"}, "/program_access", "invalid_value"),
        (STATE, {"program_access": False, "counts": {"bookkeeping": 1}}, "/counts", "licences_not_allowed"),
        (WITHOUT_ACCESS, {"program_access": True}, "/counts", "licences_required"),
        (WITHOUT_ACCESS, {"program_access": True, "counts": {"bookkeeping": 0}}, "/counts", "licences_required"),
        (STATE, {"program_access": False, "effective_at": AT.isoformat()}, "/effective_at", "invalid_value"),
    ],
)
def test_licences_that_are_wrong_are_pointed_at(
    state: Askable, content: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(ContentInvalid) as refused:
        licences(state, **content)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [(pointer, code)]


@pytest.mark.parametrize(
    ("state", "content"),
    [
        (WITHOUT_ACCESS, {"program_access": True, "counts": {"bookkeeping": 1}}),
        (STATE, {"program_access": False}),
        (STATE, {"program_access": False, "counts": {"bookkeeping": 0}}),
    ],
)
def test_program_access_is_asked_for_with_its_licences(state: Askable, content: dict[str, Any]) -> None:
    (say,) = licences(state, **content).says
    assert isinstance(say.data, ClientLicencesChangeRequestedV1)
    assert say.data.program_access is content["program_access"]


@pytest.mark.parametrize(
    ("status", "refusal"),
    [("cancelled", ClientIsCancelled), ("disconnected", ClientIsDisconnected), ("erased", ClientIsErased)],
)
def test_a_client_that_is_gone_gets_no_licences(status: Any, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        licences(replace(STATE, status=status), counts={"bookkeeping": 1})


def test_one_question_of_a_kind_waits_at_a_time() -> None:
    waiting = licences(cancel().state, counts={"bookkeeping": 1}).state
    with pytest.raises(RequestPending):
        licences(waiting, counts={"bookkeeping": 2})
    with pytest.raises(RequestPending) as refused:
        cancel(waiting, now=NOW + ANSWERED_WITHIN - timedelta(seconds=1))
    assert refused.value.facts["request_id"] == UUID(int=6)


def test_a_question_that_nobody_answers_for_a_day_stands_in_nobodys_way_and_can_still_be_answered() -> None:
    first = licences(counts={"bookkeeping": 1}).state
    command = wish(AskLicences, {"counts": {"bookkeeping": 2}}, UUID(int=7))
    after = ask_licences(first, command, NOW + ANSWERED_WITHIN).state
    assert {key.int: each.state for key, each in after.questions.items()} == {5: "unanswered", 7: "pending"}
    known = replace(FROM_PERSON, questions=after.questions)
    data = LicencesChangedV1(**SCOPE, program_access=True, licences=[], scheduled=[], request_id=REQUEST)
    questions = follow_licences_changed(known, event(data), NOW).state.questions
    assert {key.int: each.state for key, each in questions.items()} == {5: "done", 7: "pending"}


def waiting(state: Askable) -> Progress:
    return replace(FROM_PERSON, status="listed", questions=state.questions, activated_by_name="Erik", activated_at=AT)


def test_a_cancellation_that_came_about_is_done_and_another_ones_leaves_it_waiting() -> None:
    known = waiting(cancel().state)
    done = follow_cancelled(known, event(CANCELLED.model_copy(update={"request_id": UUID(int=6)})), NOW).state
    assert (done.status, done.questions[UUID(int=6)].state) == ("cancelled", "done")
    assert done.questions[UUID(int=6)].settled_at == AT
    other = follow_cancelled(known, event(CANCELLED.model_copy(update={"request_id": UUID(int=9)})), NOW).state
    assert other.questions[UUID(int=6)].state == "pending"


def test_a_refused_cancellation_says_who_had_activated() -> None:
    data = ActivationCancellationRefusedV1(**SCOPE, request_id=UUID(int=6), code="already_activated")
    asked = follow_cancellation_refused(waiting(cancel().state), event(data), NOW).state.questions[UUID(int=6)]
    assert (asked.state, asked.code) == ("refused", "already_activated")
    assert asked.facts == {"activated_by": "Erik", "activated_at": AT}


def test_refused_licences_keep_code_places_and_numbers_and_the_first_answer_counts() -> None:
    known = waiting(licences(counts={"bookkeeping": 1}).state)
    data = LicencesChangeRefusedV1(
        **SCOPE,
        request_id=REQUEST,
        code="licences_in_use",
        errors=[Pointer(pointer="/counts/bookkeeping", code="licences_in_use")],
        assigned=2,
        reserved=1,
    )
    after = follow_licences_change_refused(known, event(data), NOW).state
    asked = after.questions[REQUEST]
    assert (asked.state, asked.code, asked.facts) == ("refused", "licences_in_use", {"assigned": 2, "reserved": 1})
    assert [each.pointer for each in asked.errors] == ["/counts/bookkeeping"]
    changed = LicencesChangedV1(**SCOPE, program_access=True, licences=[], scheduled=[], request_id=REQUEST)
    assert follow_licences_changed(after, event(changed), NOW).state.questions == after.questions


def test_program_access_follows_what_activation_says() -> None:
    data = LicencesChangedV1(**SCOPE, program_access=False, licences=[], scheduled=[])
    assert not follow_licences_changed(FROM_PERSON, event(data), NOW).state.program_access


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [("pending", "pending", None), ("cancelled", "done", None), ("activated", "refused", "already_activated")],
)
def test_what_became_of_a_cancellation_shows_in_a_snapshot(status: Any, state: str, code: str | None) -> None:
    data = snapshot().model_copy(update={"status": status})
    asked = follow_snapshot(waiting(cancel().state), event(data), NOW).state.questions[UUID(int=6)]
    assert (asked.state, asked.code) == (state, code)


PARTING: dict[str, Any] = {
    **SCOPE,
    "disconnection_id": UUID(int=8),
    "generation": 1,
    "kid": "k1",
    "by": KARIN,
    "administrators": [],
    "expires_at": AT,
}


def test_a_client_parts_and_stays_as_activation_says() -> None:
    active = replace(FROM_PERSON, status="active")
    wished = follow_disconnection_requested(active, event(DisconnectionRequestedV1(**PARTING)), NOW).state
    assert wished.status == "disconnecting"
    for model in (DisconnectionWithdrawnV1, DisconnectionExpiredV1):
        assert follow_disconnection_dropped(wished, event(model(**PARTING)), NOW).state.status == "active"
    approved = follow_disconnection_approved(wished, event(DisconnectionApprovedV1(**PARTING)), NOW).state
    assert approved.status == "disconnected"
