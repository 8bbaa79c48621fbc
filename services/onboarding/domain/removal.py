"""The removal of a consultant: asked of activation, which knows their clients, and done when it has released them."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from schemas.agency import ConsultantRemovalRequestedV1, ConsultantRemovedV1
from schemas.envelope import Decision, Envelope, Say
from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1
from schemas.values import RequestedBy
from services.onboarding.domain.agency import (
    Agency,
    AgencyUnknown,
    ConsultantUnknown,
    Removal,
    RemovalPending,
    RemoveConsultant,
)

ASK_AGAIN = timedelta(minutes=10)
"""Activation answers within seconds; after a restore of its database it may not know what it was asked."""


def remove_consultant(state: Agency | None, command: RemoveConsultant, now: datetime) -> Decision[Agency]:
    """Asks for a consultant's removal. Raises AgencyUnknown, ConsultantUnknown, RemovalPending."""
    if state is None:
        raise AgencyUnknown
    if command.sub not in state.consultants:
        raise ConsultantUnknown
    removal = state.leaving(command.sub)
    if removal is not None and now - removal.requested_at < ASK_AGAIN:
        raise RemovalPending(request_id=removal.request_id)
    if removal is None:
        removal = Removal(command.request_id, command.sub, now, command.by)
    after = _with(state, removal)
    data = ConsultantRemovalRequestedV1(
        agency=state.agency,
        sub=removal.sub,
        request_id=removal.request_id,
        requested_by=RequestedBy(kind="user", id=removal.by.sub, name=removal.by.name),
    )
    return Decision(after, (Say(data, version=after.version),))


def follow_released(state: Agency | None, event: Envelope[ConsultantReleasedV1], now: datetime) -> Decision[Agency]:
    """Activation took the consultant out of all clients: the removal is done. An answer that nobody waits for, as after
    a restore, changes nothing: whoever wishes it asks again."""
    removal = _pending(state, event.data.request_id)
    if state is None or removal is None:
        return Decision(state)  # type: ignore[arg-type]  # nothing is stored where nothing was
    done = replace(removal, state="removed", answered_at=now, clients=tuple(event.data.clients))
    stay = {sub: each for sub, each in state.consultants.items() if sub != removal.sub}
    after = _with(replace(state, consultants=stay), done)
    return Decision(after, (Say(ConsultantRemovedV1(agency=state.agency, sub=removal.sub), version=after.version),))


def follow_release_refused(
    state: Agency | None, event: Envelope[ConsultantReleaseRefusedV1], now: datetime
) -> Decision[Agency]:
    """The consultant is needed at some clients, and stays."""
    removal = _pending(state, event.data.request_id)
    if state is None or removal is None:
        return Decision(state)  # type: ignore[arg-type]  # as above
    refused = replace(removal, state="refused", answered_at=now, clients=tuple(event.data.clients))
    return Decision(replace(state, removals={**state.removals, removal.request_id: refused}))


def _pending(state: Agency | None, request_id: UUID) -> Removal | None:
    removal = None if state is None else state.removals.get(request_id)
    return removal if removal is not None and removal.state == "pending" else None


def _with(state: Agency, removal: Removal) -> Agency:
    return replace(state, version=state.version + 1, removals={**state.removals, removal.request_id: removal})
