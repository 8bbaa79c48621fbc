"""What becomes of an upstream request: a client, a question to activation, or a refusal; never two clients."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from schemas.client import ClientCancellationRequestedV1, ClientLicencesChangeRequestedV1
from schemas.envelope import Decision, Envelope, Say
from schemas.errors import Refused
from schemas.onboarding import (
    OnboardingCancellationRequestedV1,
    OnboardingLicencesChangeRequestedV1,
    OnboardingRequestedV1,
)
from schemas.values import RequestedBy
from services.onboarding.domain.agency import AgencyUnknown
from services.onboarding.domain.client import Client, ClientUnknown, Origins, Target, created
from services.onboarding.domain.creation import (
    Neighbours,
    begin,
    line,
    refuse_duplicates,
    refuse_stranger,
    strangers,
    swedish_date,
)
from services.onboarding.domain.instructions import read_cancellation, read_licences_change
from services.onboarding.domain.life_cycle import AlreadyActivated, must_be_cancellable, must_live
from services.onboarding.domain.requests import Refusal, Request, Sender, answer, id_for
from services.onboarding.domain.rule_book import ContentInvalid, review
from services.onboarding.domain.unknown_fields import unknown_fields

A_DAY = timedelta(days=1)


class SourceWrong(Refused):
    """The event's `source` is not that of the sender to whom the topic belongs."""

    code = "wrong_source"


class AgencyNotAllowed(Refused):
    """The source may not send clients to this agency."""

    code = "wrong_agency"


class EventTypeNotAllowed(Refused):
    """The source may not ask for this kind of thing."""

    code = "event_type_not_allowed"


class EventIdReused(Refused):
    """The same id came before with other content."""

    code = "event_id_reused"


@dataclass(frozen=True, slots=True)
class Intake:
    """The state that a request is decided on, and then what it made.

    `digest` is of the content that came; `request` the answered one; `client` a new client, `target` one asked about.
    """

    sender: Sender
    digest: bytes
    agency_known: bool
    neighbours: Neighbours
    request: Request | None = None
    client: Client | None = None
    target: Target | None = None


Acted = tuple[Intake, tuple[Say, ...]]
Act = Callable[[Intake, Envelope[Any], Request, datetime], Acted]


def decide_onboarding(state: Intake | None, event: Envelope[OnboardingRequestedV1], now: datetime) -> Decision[Intake]:
    """A source asks for a client."""
    return _once(state, event, now, "requested", _onboard)


def decide_cancellation(
    state: Intake | None, event: Envelope[OnboardingCancellationRequestedV1], now: datetime
) -> Decision[Intake]:
    """A source asks for a client to be cancelled; activation answers."""
    return _once(state, event, now, "cancellation", _ask_for_cancellation)


def decide_licences_change(
    state: Intake | None, event: Envelope[OnboardingLicencesChangeRequestedV1], now: datetime
) -> Decision[Intake]:
    """A source asks for other numbers of licences; activation answers."""
    return _once(state, event, now, "licences", _ask_for_licences)


def _once(state: Intake | None, event: Envelope[Any], now: datetime, kind: str, act: Act) -> Decision[Intake]:
    """Does what a request asks for, once. Never raises Refused: a refusal is a fact that the sender is told."""
    assert state is not None, "load answers the sender of every topic"
    if state.sender.removed:
        return Decision(state)
    earlier = state.request
    request = _request(state, event, now)
    if forbidden := _forbidden(state, event, kind):
        return Decision(state, (_told(state, replace(request, refusal=Refusal.of(forbidden))),))
    if earlier is not None and earlier.final:
        return Decision(state, (_told(state, _still_told(earlier, state.target)),))
    try:
        after, says = act(state, event, request, now)
    except Refused as refusal:
        waits = refusal.code if isinstance(refusal, ClientUnknown) else None  # its creation may be on its way
        request = replace(request, refusal=Refusal.of(refusal))
        if earlier is not None and earlier.refusal == request.refusal:
            return Decision(state, (_told(state, earlier),), waits)
        return Decision(replace(state, request=request), (_told(state, request),), waits)
    assert after.request is not None
    return Decision(after, (answer(after.request), *says))


def _told(state: Intake, request: Request) -> Say:
    """The answer. A refusal names the agency only where it is there and the source may send to it: what a source merely
    writes must say nothing of somebody else, in statistics or elsewhere."""
    known = state.agency_known and request.agency is not None and state.sender.may_send_to(request.agency)
    return answer(request if known or request.refusal is None else replace(request, agency=None))


def _still_told(earlier: Request, target: Target | None) -> Request:
    """An earlier answer with who activated the client and when, which is read of the client: no name is kept twice."""
    refusal = earlier.refusal
    if refusal is None or refusal.code != AlreadyActivated.code or target is None or target.source != earlier.source:
        return earlier
    again = AlreadyActivated(activated_by=target.activated_by, activated_at=target.activated_at)
    return replace(earlier, refusal=replace(refusal, facts=again.facts))


def _forbidden(state: Intake, event: Envelope[Any], kind: str) -> Refused | None:
    """What is wrong with a request whatever it asks for; it is told, and nothing is kept of the request."""
    if event.source != state.sender.source:
        return SourceWrong()
    if kind not in state.sender.may:
        return EventTypeNotAllowed()
    if state.request is not None and state.request.digest != state.digest:
        return EventIdReused()
    return None


def _onboard(state: Intake, event: Envelope[OnboardingRequestedV1], request: Request, now: datetime) -> Acted:
    agency = request.agency
    is_allowed = agency is not None and state.sender.may_send_to(agency)
    try:
        new = review(dict(event.data), swedish_date(now), "event")
    except ContentInvalid as refusal:
        is_told = is_allowed and state.agency_known  # of who works at another agency, nothing
        raise refusal.beside(strangers(state.neighbours) if is_told else []) from None
    assert agency is not None, "the rule book requires it"
    if not is_allowed:
        raise AgencyNotAllowed
    if not state.agency_known:
        raise AgencyUnknown
    refuse_stranger(state.neighbours)
    refuse_duplicates(new, agency, state.neighbours)
    client = begin(
        new,
        id_for(event.source, event.id, _asked_at(event, now)),
        agency,
        state.neighbours,
        now,
        correlation_id=event.correlationid,
        request=Origins(event.source, event.id, request.results_topic),
        test=state.sender.test,
    )
    made = replace(request, client_id=client.client_id)
    return replace(state, request=made, client=client), (created(client),)


def _ask_for_cancellation(
    state: Intake, event: Envelope[OnboardingCancellationRequestedV1], request: Request, now: datetime
) -> Acted:
    reason = read_cancellation(event.data)
    target, asked = _about(state, event, request, now)
    must_be_cancellable(target.status, target.activated_by, target.activated_at)
    data = ClientCancellationRequestedV1(
        client_id=target.client_id,
        request_id=asked.command_id,
        requested_by=RequestedBy(kind="source", id=event.source[:255]),
        reason=reason,
    )
    return replace(state, request=asked, target=target), (Say(data, version=target.version),)


def _ask_for_licences(
    state: Intake, event: Envelope[OnboardingLicencesChangeRequestedV1], request: Request, now: datetime
) -> Acted:
    counts, effective_at = read_licences_change(event.data, now)
    target, asked = _about(state, event, request, now)
    must_live(target.status)
    data = ClientLicencesChangeRequestedV1(
        client_id=target.client_id,
        request_id=asked.command_id,
        requested_by=RequestedBy(kind="source", id=event.source[:255]),
        counts=counts,
        effective_at=effective_at,
    )
    asked = replace(asked, effective_at=effective_at)
    return replace(state, request=asked, target=target), (Say(data, version=target.version),)


def _asked_at(event: Envelope[Any], now: datetime) -> datetime:
    """The time in ids that a request gives rise to: its own, so that the same request read again after a restore makes
    the same client and the same mail. A time that cannot be true counts as now."""
    return event.time if -A_DAY < now - event.time < 30 * A_DAY else now


def _about(state: Intake, event: Envelope[Any], request: Request, now: datetime) -> tuple[Target, Request]:
    """The client that is asked about, at its next version, and the request that asks. Raises what forbids asking."""
    target = Target.of_source(state.target, event.source)
    if not state.sender.may_send_to(target.agency):
        raise AgencyNotAllowed
    asked = replace(
        request,
        agency=target.agency,
        external_ref=target.external_ref,
        client_id=target.client_id,
        command_id=id_for(event.source, event.id, _asked_at(event, now)),
    )
    return replace(target, version=target.version + 1), asked


def _request(state: Intake, event: Envelope[Any], now: datetime) -> Request:
    return Request(
        source=event.source,
        request_id=event.id,
        digest=state.digest,
        correlation_id=event.correlationid,
        results_topic=state.sender.results_topic,
        agency=line(event.data.agency) if isinstance(event.data, OnboardingRequestedV1) else None,
        external_ref=line(event.data.external_ref),
        received_at=now,
        warnings=unknown_fields(dict(event.data), type(event.data).shape),
    )
