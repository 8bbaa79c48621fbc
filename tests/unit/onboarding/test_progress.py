"""What activation tells: the client's status follows, and the request's sender hears of it under its own id."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.activation import (
    ActivationActivatedV1,
    ActivationCancellationRefusedV1,
    ActivationCancelledV1,
    ActivationConfiguredV1,
    ActivationListedV1,
)
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.catalogue import CATALOGUE
from schemas.disconnection import Disconnection
from schemas.envelope import Envelope, EventData
from schemas.licences import LicencesChangedV1, LicencesChangeRefusedV1
from schemas.onboarding import (
    OnboardingActivatedV1,
    OnboardingCancelledV1,
    OnboardingConfiguredV1,
    OnboardingLicencesChangedV1,
    OnboardingListedV1,
    OnboardingRejectedV1,
)
from schemas.values import LicenceRow, Person, Pointer, RequestedBy
from services.onboarding.domain.client import ClientUnknown
from services.onboarding.domain.progress import (
    Progress,
    follow_activated,
    follow_cancellation_refused,
    follow_cancelled,
    follow_configured,
    follow_licences_change_refused,
    follow_licences_changed,
    follow_listed,
    follow_snapshot,
    unless_erased,
)
from services.onboarding.domain.requests import Asked
from tests.unit.onboarding.contents import NOW

CLIENT, COMMAND = UUID(int=1), UUID(int=2)
SCOPE: dict[str, Any] = {"client_id": CLIENT, "agency": "byra-ett", "client_name": "Exempelbolaget AB", "test": False}
KARIN = Person(sub="karin", name="Karin")
AT = NOW + timedelta(hours=1)
TIMES: dict[str, Any] = {"created_at": NOW, "listed_at": NOW}

FROM_REQUEST = Progress(
    CLIENT,
    "byra-ett",
    "submitted",
    "ref-1",
    Asked("evt-1", "corr-1", "onboarding-results"),
    {COMMAND: Asked("evt-2", "corr-2", "onboarding-results")},
)
FROM_PERSON = Progress(CLIENT, "byra-ett", "submitted", None, None)

LISTED = ActivationListedV1(
    **SCOPE,
    origin="event",
    program_access=True,
    counts={"bookkeeping": 2},
    confirmation_email="anna@exempelbolaget.se",
    locale="sv",
    created_at=NOW,
    listed_at=AT,
)
ACTIVATED = ActivationActivatedV1(
    **SCOPE, **TIMES, activated_by=KARIN, activated_at=AT, became_system_administrator=True
)
CONFIGURED = ActivationConfiguredV1(**SCOPE, **TIMES, configured_by=KARIN, configured_at=AT)
CANCELLED = ActivationCancelledV1(
    **SCOPE, cancelled_by=RequestedBy(kind="user", id="karin"), reason="mistake", cancelled_at=AT
)
STEPS: list[Any] = [
    (follow_listed, LISTED, "listed", OnboardingListedV1),
    (follow_activated, ACTIVATED, "active", OnboardingActivatedV1),
    (follow_configured, CONFIGURED, "active", OnboardingConfiguredV1),
    (follow_cancelled, CANCELLED, "cancelled", OnboardingCancelledV1),
]


def event(data: EventData) -> Envelope[Any]:
    return Envelope.model_construct(
        id=str(uuid4()),
        source="/aktivera/activation",
        type=CATALOGUE.type_of(data).wire_type,
        subject=str(CLIENT),
        time=NOW,
        sequence="2",
        correlationid="corr-of-activation",
        data=data,
    )


@pytest.mark.parametrize(("follow", "data", "status", "result"), STEPS)
def test_a_step_sets_the_status_and_is_told_to_the_source(follow: Any, data: Any, status: str, result: Any) -> None:
    decision = follow(FROM_REQUEST, event(data), NOW)
    assert decision.state.status == status
    (say,) = decision.says
    assert say.data == result(request_id="evt-1", agency="byra-ett", client_id=CLIENT, external_ref="ref-1", at=AT)
    assert (say.topic, say.correlation_id, say.version) == ("onboarding-results", "corr-1", None)


@pytest.mark.parametrize(("follow", "data", "status", "result"), STEPS)
def test_a_persons_client_has_nobody_upstream_to_tell(follow: Any, data: Any, status: str, result: Any) -> None:
    decision = follow(FROM_PERSON, event(data), NOW)
    assert (decision.state.status, decision.says) == (status, ())


@pytest.mark.parametrize(("follow", "data", "status", "result"), STEPS)
def test_an_event_of_a_client_that_we_do_not_know_is_held(follow: Any, data: Any, status: str, result: Any) -> None:
    with pytest.raises(ClientUnknown):
        follow(None, event(data), NOW)


def test_a_cancellation_that_a_source_asked_for_answers_both_its_requests() -> None:
    data = CANCELLED.model_copy(update={"request_id": COMMAND})
    says = follow_cancelled(FROM_REQUEST, event(data), NOW).says
    assert [
        (say.data.request_id, say.correlation_id) for say in says if isinstance(say.data, OnboardingCancelledV1)
    ] == [
        ("evt-1", "corr-1"),
        ("evt-2", "corr-2"),
    ]


def snapshot() -> ActivationSnapshotV1:
    return ActivationSnapshotV1(
        **SCOPE,
        **TIMES,
        status="configured",
        origin="event",
        program_access=True,
        counts={},
        confirmation_email="anna@exempelbolaget.se",
        locale="sv",
        activated_at=AT,
        configured_at=AT,
        consultants=[],
        licences=[],
        scheduled=[],
        users=[],
        invitations=[],
        access_version=1,
    )


def test_a_snapshot_tells_the_source_what_had_not_been_heard_and_only_once() -> None:
    decision = follow_snapshot(replace(FROM_REQUEST, status="listed", listed_at=NOW), event(snapshot()), NOW)
    assert (decision.state.status, decision.state.configured_at) == ("active", AT)
    assert [type(say.data) for say in decision.says] == [OnboardingActivatedV1, OnboardingConfiguredV1]
    assert follow_snapshot(decision.state, event(snapshot()), NOW).says == ()


def test_a_client_that_is_about_to_part_is_still_so_after_a_snapshot() -> None:
    wished = Disconnection(
        disconnection_id=UUID(int=5), generation=1, kid="k1", by=KARIN, administrators=[], expires_at=AT
    )
    parting = snapshot().model_copy(update={"disconnection": wished})
    after = follow_snapshot(replace(FROM_REQUEST, status="disconnecting"), event(parting), NOW).state
    assert after.status == "disconnecting"
    gone = parting.model_copy(update={"status": "disconnected"})
    assert follow_snapshot(after, event(gone), NOW).state.status == "disconnected"


def test_licences_saved_while_a_client_is_about_to_part_do_not_keep_it() -> None:
    decision = follow_configured(replace(FROM_REQUEST, status="disconnecting"), event(CONFIGURED), NOW)
    assert (decision.state.status, decision.state.configured_at) == ("disconnecting", AT)
    assert [type(say.data) for say in decision.says] == [OnboardingConfiguredV1]


def test_a_snapshot_does_not_bring_an_erased_client_back() -> None:
    erased = replace(FROM_PERSON, status="erased")
    assert unless_erased(follow_snapshot)(erased, event(snapshot()), NOW).state is erased


def test_a_refused_cancellation_is_told_to_who_asked() -> None:
    data = ActivationCancellationRefusedV1(**SCOPE, request_id=COMMAND, code="already_activated")
    (say,) = follow_cancellation_refused(FROM_REQUEST, event(data), NOW).says
    assert isinstance(say.data, OnboardingRejectedV1)
    assert (say.data.code, say.data.request_id, say.correlation_id) == ("already_activated", "evt-2", "corr-2")


def test_a_cancellation_that_came_too_late_is_told_who_activated_and_when() -> None:
    data = ActivationCancellationRefusedV1(**SCOPE, request_id=COMMAND, code="already_activated")
    active = follow_activated(FROM_REQUEST, event(ACTIVATED), NOW).state
    (say,) = follow_cancellation_refused(active, event(data), NOW).says

    assert isinstance(say.data, OnboardingRejectedV1)
    assert f"by Karin ({AT:%Y-%m-%d %H:%M} UTC)" in say.data.detail_en
    assert "disconnection" in say.data.detail_en


def test_licences_hold_from_when_activation_changed_them_not_from_when_we_hear_of_it() -> None:
    data = LicencesChangedV1(**SCOPE, program_access=True, licences=[], scheduled=[], request_id=COMMAND)
    (say,) = follow_licences_changed(FROM_REQUEST, event(data), NOW + timedelta(hours=9)).says
    assert isinstance(say.data, OnboardingLicencesChangedV1)
    assert say.data.effective_at == NOW


def test_changed_licences_are_told_to_the_source_that_asked_and_to_no_other() -> None:
    row = LicenceRow(program="bookkeeping", purchased=3, assigned=1, reserved=1)
    data = LicencesChangedV1(**SCOPE, program_access=True, licences=[row], scheduled=[], request_id=COMMAND)
    (say,) = follow_licences_changed(FROM_REQUEST, event(data), NOW).says
    assert isinstance(say.data, OnboardingLicencesChangedV1)
    assert [(each.program, each.purchased) for each in say.data.licences] == [("bookkeeping", 3)]
    for request_id in (None, UUID(int=9)):
        other = data.model_copy(update={"request_id": request_id})
        assert follow_licences_changed(FROM_REQUEST, event(other), NOW).says == ()


def test_refused_licences_are_told_with_their_pointers() -> None:
    errors = [Pointer(pointer="/counts/invoicing", code="program_retired")]
    data = LicencesChangeRefusedV1(**SCOPE, request_id=COMMAND, code="program_retired", errors=errors)
    (say,) = follow_licences_change_refused(FROM_REQUEST, event(data), NOW).says
    assert isinstance(say.data, OnboardingRejectedV1)
    assert say.data.errors == errors
