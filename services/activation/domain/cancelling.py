"""Cancellation, as onboarding asks for it: possible until somebody has activated."""

from datetime import datetime

from schemas.activation import ActivationCancellationRefusedV1, ActivationCancelledV1
from schemas.client import ClientCancellationRequestedV1
from schemas.envelope import Decision, Envelope
from services.activation.domain.activation import Activation, ClientUnknown, said, scope_of
from services.activation.domain.arrow import AlreadyActivated, ClientCancelled


def cancel(
    state: Activation | None, event: Envelope[ClientCancellationRequestedV1], now: datetime
) -> Decision[Activation]:
    """Cancels a client that waits; a refusal is a fact that is said, so that whoever asked gets an answer."""
    if state is None:
        raise ClientUnknown
    request = event.data
    if state.status != "pending":
        refusal = ClientCancelled if state.status == "cancelled" else AlreadyActivated
        return said(
            state,
            ActivationCancellationRefusedV1(**scope_of(state), request_id=request.request_id, code=refusal.code),
        )
    data = ActivationCancelledV1(
        **scope_of(state),
        request_id=request.request_id,
        cancelled_by=request.requested_by,
        reason=request.reason,
        cancelled_at=now,
    )
    return said(
        state,
        data,
        status="cancelled",
        cancelled_by_kind=request.requested_by.kind,
        cancelled_by_id=request.requested_by.id,
        cancelled_by_name=request.requested_by.name,
        cancelled_at=now,
        reason=request.reason,
    )
