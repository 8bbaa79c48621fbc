"""The arrow: who may activate, and who becomes system administrator."""

from dataclasses import replace

import pytest

from chassis.tokens import Caller
from schemas.activation import ActivationActivatedV1
from schemas.values import Person
from services.activation.domain.activation import Activation
from services.activation.domain.arrow import (
    Activate,
    ActivationNotAllowed,
    AlreadyActivated,
    ClientCancelled,
    NotFound,
    activate,
)
from services.activation.domain.cancelling import cancel
from services.activation.web.activations import clicked_by
from tests.unit.activation.events import LATER, NOW, arrow, cancellation, listed, only


def test_the_first_caller_activates_and_becomes_system_administrator() -> None:
    decision = activate(listed(), arrow("karin"), LATER)

    after = decision.state
    assert (after.status, after.activated_by_sub, after.activated_at) == ("activated", "karin", LATER)
    (administrator,) = after.joined
    assert (administrator.kind, administrator.sub, administrator.state) == ("consultant", "karin", "active")
    assert administrator.system_administrator
    assert administrator.logged_in_at == LATER


def test_an_activation_is_said_as_the_next_version_under_the_clients_correlation_id() -> None:
    decision = activate(listed(correlation="from-upstream"), arrow("karin"), LATER)

    said = only(decision, ActivationActivatedV1)
    assert said.activated_by == Person(sub="karin", name="Karin")
    assert (said.created_at, said.listed_at, said.activated_at) == (NOW, NOW, LATER)
    assert said.became_system_administrator
    (say,) = decision.says
    assert (say.version, say.correlation_id) == (2, "from-upstream")


def test_the_same_person_again_gets_the_same_and_nothing_is_said() -> None:
    state = activate(listed(), arrow("karin"), NOW).state

    decision = activate(state, arrow("karin"), LATER)

    assert decision.state is state
    assert decision.says == ()


def test_another_person_learns_who_activated_and_when() -> None:
    state = activate(listed(), arrow("karin"), NOW).state

    with pytest.raises(AlreadyActivated) as refused:
        activate(state, arrow("erik"), LATER)

    assert refused.value.facts == {"activated_by": "Karin", "activated_at": NOW}


def test_a_configured_client_is_activated_already() -> None:
    state = replace(activate(listed(), arrow("karin"), NOW).state, status="configured")

    with pytest.raises(AlreadyActivated):
        activate(state, arrow("erik"), LATER)


def test_whoever_activates_a_connected_client_gets_no_role() -> None:
    decision = activate(listed(origin="connected"), arrow("karin"), LATER)

    assert decision.state.joined == ()
    assert decision.state.became_system_administrator is False
    assert not only(decision, ActivationActivatedV1).became_system_administrator


def test_a_cancelled_client_cannot_be_activated() -> None:
    state = cancel(listed(), cancellation(), NOW).state

    with pytest.raises(ClientCancelled):
        activate(state, arrow("karin"), LATER)


@pytest.mark.parametrize(
    ("state", "command", "refusal"),
    [
        (None, arrow(), NotFound),
        (listed(), arrow(agency="byra-tva"), NotFound),
        (listed(), arrow(agency="byra-tva", roles=frozenset()), NotFound),
        (listed(), arrow(roles=frozenset({"agency_admin"})), ActivationNotAllowed),
        (listed(), arrow(client=str(listed().client_id)), ActivationNotAllowed),
    ],
    ids=[
        "unknown client",
        "another agency",
        "another agency without role",
        "not a client manager",
        "client's own user",
    ],
)
def test_whoever_may_not_activate_is_refused(
    state: Activation | None, command: Activate, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        activate(state, command, LATER)


def test_the_role_is_asked_for_before_it_is_told_who_activated() -> None:
    state = activate(listed(), arrow("karin"), NOW).state

    with pytest.raises(ActivationNotAllowed):
        activate(state, arrow("karin", roles=frozenset()), LATER)


def test_a_long_name_at_the_arrow_is_cut_to_what_events_take() -> None:
    command = clicked_by(Caller("karin", "byra-ett", frozenset({"client_manager"}), "K" * 300))

    decision = activate(listed(), command, NOW)

    assert decision.state.activated_by_name == "K" * 200
