"""Cancellation: possible until somebody has activated; every request gets an answer."""

import pytest

from schemas.activation import ActivationCancellationRefusedV1, ActivationCancelledV1
from services.activation.domain.activation import ClientUnknown
from services.activation.domain.arrow import activate
from services.activation.domain.cancelling import cancel
from tests.unit.activation.events import LATER, NOW, arrow, cancellation, listed, only


def test_a_client_that_waits_is_cancelled() -> None:
    request = cancellation(reason="duplicate")

    decision = cancel(listed(), request, LATER)

    after = decision.state
    assert (after.status, after.cancelled_at, after.reason, after.version) == ("cancelled", LATER, "duplicate", 2)
    said = only(decision, ActivationCancelledV1)
    assert (said.request_id, said.cancelled_by) == (request.data.request_id, request.data.requested_by)
    assert (said.reason, said.cancelled_at, said.client_name) == ("duplicate", LATER, "Exempelbolaget AB")


def test_an_activated_client_is_not_cancelled_and_that_is_said() -> None:
    state = activate(listed(), arrow(), NOW).state

    decision = cancel(state, cancellation(), LATER)

    assert decision.state.status == "activated"
    assert only(decision, ActivationCancellationRefusedV1).code == "already_activated"
    assert (decision.says[0].version, decision.state.version) == (3, 3)


def test_a_cancelled_client_is_not_cancelled_again() -> None:
    state = cancel(listed(), cancellation(), NOW).state

    decision = cancel(state, cancellation(reason="ended"), LATER)

    assert only(decision, ActivationCancellationRefusedV1).code == "client_cancelled"
    assert (decision.state.reason, decision.state.cancelled_at) == ("mistake", NOW)


def test_answers_go_out_under_the_clients_correlation_id() -> None:
    (say,) = cancel(listed(correlation="from-upstream"), cancellation(), LATER).says

    assert say.correlation_id == "from-upstream"


def test_a_cancellation_of_an_unknown_client_is_refused() -> None:
    with pytest.raises(ClientUnknown):
        cancel(None, cancellation(), LATER)
