"""The removal of a consultant: asked once, done when activation has released them, refused with their clients."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.agency import ConsultantRemovalRequestedV1, ConsultantRemovedV1
from schemas.envelope import Envelope
from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1
from schemas.values import Person
from services.onboarding.domain.agency import (
    Agency,
    AgencyUnknown,
    ChangedMeanwhile,
    Consultant,
    ConsultantUnknown,
    PutAgency,
    PutConsultant,
    RemovalPending,
    RemoveConsultant,
    put_agency,
    put_consultant,
)
from services.onboarding.domain.removal import ASK_AGAIN, follow_release_refused, follow_released, remove_consultant
from tests.unit.onboarding.contents import NOW

ANNA = Person(sub="anna", name="Anna Alm")
FIRST, SECOND, CLIENT = (UUID(int=number) for number in (1, 2, 3))
KARIN = Consultant("karin", "Karin Kvist", "karin@byra-ett.se", "sv", ("client_manager",))
AGENCY = Agency("byra-ett", 4, "Byrå Ett", "sv", "all", {"karin": KARIN})
WISH = RemoveConsultant("byra-ett", "karin", FIRST, ANNA)
ASKED = remove_consultant(AGENCY, WISH, NOW).state


def answer(model: Any, request_id: UUID = FIRST, **more: Any) -> Envelope[Any]:
    """What activation says."""
    data = model.model_validate({"agency": "byra-ett", "sub": "karin", "request_id": request_id, "clients": [], **more})
    return Envelope.model_construct(
        id="act-1", source="/aktivera/activation", type="x", subject="byra-ett", time=NOW, correlationid="c", data=data
    )


def refusal(request_id: UUID = FIRST) -> Envelope[ConsultantReleaseRefusedV1]:
    return answer(ConsultantReleaseRefusedV1, request_id, code="last_system_administrator", clients=[CLIENT])


def test_a_wish_is_said_with_a_version_and_the_consultant_stays_until_it_is_answered() -> None:
    decision = remove_consultant(AGENCY, WISH, NOW)
    assert [(type(say.data), say.version) for say in decision.says] == [(ConsultantRemovalRequestedV1, 5)]
    assert decision.state.consultants == {"karin": KARIN}


def test_released_is_removed_and_said() -> None:
    decision = follow_released(ASKED, answer(ConsultantReleasedV1, clients=[CLIENT]), NOW)
    assert [(type(say.data), say.version) for say in decision.says] == [(ConsultantRemovedV1, 6)]
    assert decision.state.consultants == {}
    assert (decision.state.removals[FIRST].state, decision.state.removals[FIRST].clients) == ("removed", (CLIENT,))


def test_refused_names_the_clients_and_says_nothing() -> None:
    decision = follow_release_refused(ASKED, refusal(), NOW)
    assert (decision.says, decision.state.version, decision.state.consultants) == ((), 5, {"karin": KARIN})
    assert (decision.state.removals[FIRST].state, decision.state.removals[FIRST].clients) == ("refused", (CLIENT,))


def test_one_wish_is_open_at_a_time_and_after_a_refusal_another_may_be() -> None:
    again = replace(WISH, request_id=SECOND)
    with pytest.raises(RemovalPending) as pending:
        remove_consultant(ASKED, again, NOW)
    assert pending.value.facts == {"request_id": FIRST}
    refused = follow_release_refused(ASKED, refusal(), NOW).state
    asked = remove_consultant(refused, again, NOW)
    assert asked.state.leaving("karin") == asked.state.removals[SECOND]


def test_a_wish_that_nobody_answers_is_said_again_as_the_same_one() -> None:
    decision = remove_consultant(ASKED, replace(WISH, request_id=SECOND), NOW + ASK_AGAIN)
    (said,) = decision.says
    assert isinstance(said.data, ConsultantRemovalRequestedV1)
    assert (said.data.request_id, said.version) == (FIRST, 6)
    assert list(decision.state.removals) == [FIRST]


@pytest.mark.parametrize("state", [None, AGENCY, follow_released(ASKED, answer(ConsultantReleasedV1), NOW).state])
def test_an_answer_that_nobody_waits_for_changes_nothing(state: Agency | None) -> None:
    for follow, event in (
        (follow_released, answer(ConsultantReleasedV1)),
        (follow_release_refused, refusal()),
        (follow_released, answer(ConsultantReleasedV1, SECOND)),
    ):
        decision = follow(state, event, NOW + timedelta(hours=1))  # type: ignore[arg-type]  # each its own event
        assert (decision.state, decision.says) == (state, ())


def test_who_is_about_to_go_is_given_nothing_new() -> None:
    same = {"name": KARIN.name, "email": KARIN.email, "roles": ["client_manager"]}
    assert put_consultant(ASKED, PutConsultant("byra-ett", "karin", same), NOW).says == ()
    more = same | {"roles": ["client_manager", "agency_admin"]}
    with pytest.raises(RemovalPending):
        put_consultant(ASKED, PutConsultant("byra-ett", "karin", more), NOW)


def test_only_a_consultant_of_an_agency_can_be_removed() -> None:
    with pytest.raises(AgencyUnknown):
        remove_consultant(None, WISH, NOW)
    with pytest.raises(ConsultantUnknown):
        remove_consultant(AGENCY, replace(WISH, sub="erik"), NOW)


def test_what_was_decided_on_another_version_is_refused() -> None:
    with pytest.raises(ChangedMeanwhile):
        put_agency(AGENCY, PutAgency("byra-ett", {"name": "Byrå 1"}, seen=3), NOW)
    with pytest.raises(ChangedMeanwhile):
        put_consultant(AGENCY, PutConsultant("byra-ett", "karin", {}, seen=3), NOW)
    assert put_agency(AGENCY, PutAgency("byra-ett", {"name": "Byrå 1"}, seen=4), NOW).state.version == 5
    assert put_agency(None, PutAgency("byra-ett", {"name": "Byrå 1"}, seen=0), NOW).state.version == 1
