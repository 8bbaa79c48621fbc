"""How far a client has come, as activation tells it: listed, active, parted, cancelled. Whoever asked is told too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.activation import (
    ActivationActivatedV1,
    ActivationCancellationRefusedV1,
    ActivationCancelledV1,
    ActivationConfiguredV1,
    ActivationListedV1,
    ActivationReassignedV1,
)
from schemas.activation_snapshot import ActivationSnapshotV1, ActivationStatus
from schemas.client import ClientStatus
from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Decision, Envelope, EventData, Say
from schemas.errors import Pointed
from schemas.licences import LicencesChangedV1, LicencesChangeRefusedV1
from schemas.onboarding import (
    OnboardingActivatedV1,
    OnboardingCancelledV1,
    OnboardingConfiguredV1,
    OnboardingLicencesChangedV1,
    OnboardingListedV1,
)
from schemas.values import PurchasedLicences
from services.onboarding.domain.asking import Question
from services.onboarding.domain.client import ClientUnknown
from services.onboarding.domain.life_cycle import AlreadyActivated
from services.onboarding.domain.people import People
from services.onboarding.domain.requests import Asked, Outcome, rejection

STATUS_OF: Mapping[ActivationStatus, ClientStatus] = {
    "pending": "listed",
    "activated": "active",
    "configured": "active",
    "cancelled": "cancelled",
    "disconnected": "disconnected",
}
_RESULTS: Mapping[str, type[EventData]] = {
    "listed_at": OnboardingListedV1,
    "activated_at": OnboardingActivatedV1,
    "configured_at": OnboardingConfiguredV1,
    "cancelled_at": OnboardingCancelledV1,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What onboarding follows of a client. `request` made the client; `commands` asked activation for something.

    `questions` are what people asked and wait to hear of; `outcomes` what was told of commands now, to be kept.
    """

    client_id: UUID
    agency: str
    status: ClientStatus
    external_ref: str | None
    request: Asked | None
    commands: Mapping[UUID, Asked] = field(default_factory=dict)
    listed_at: datetime | None = None
    activated_at: datetime | None = None
    configured_at: datetime | None = None
    cancelled_at: datetime | None = None
    activated_by_name: str | None = None
    responsible_consultant: str | None = None
    program_access: bool = True
    people: People = field(default_factory=People)
    questions: Mapping[UUID, Question] = field(default_factory=dict)
    outcomes: tuple[tuple[UUID, Outcome], ...] = ()


Follow = Callable[[Progress | None, Any, datetime], Decision[Progress]]


def unless_erased(follow: Follow) -> Follow:
    """The same, but for a client that is erased: whatever comes late brings no name and no state back."""

    def followed(state: Progress | None, event: Any, now: datetime) -> Decision[Progress]:
        return Decision(state) if state is not None and state.status == "erased" else follow(state, event, now)

    return followed


def follow_listed(state: Progress | None, event: Envelope[ActivationListedV1], _now: datetime) -> Decision[Progress]:
    """The client stands in the activation list."""
    at = event.data.listed_at
    return _reached(replace(_known(state), status="listed", listed_at=at), OnboardingListedV1, at)


def follow_activated(
    state: Progress | None, event: Envelope[ActivationActivatedV1], _now: datetime
) -> Decision[Progress]:
    """A consultant activated the client."""
    at, by = event.data.activated_at, event.data.activated_by
    known = _known(state)
    people = known.people.using(by.sub, active=True) if event.data.became_system_administrator else known.people
    after = replace(known, status="active", activated_at=at, activated_by_name=by.name, people=people)
    return _reached(after, OnboardingActivatedV1, at)


def follow_configured(
    state: Progress | None, event: Envelope[ActivationConfiguredV1], _now: datetime
) -> Decision[Progress]:
    """The client's licences and permissions were saved for the first time."""
    at, known = event.data.configured_at, _known(state)
    status: ClientStatus = "disconnecting" if known.status == "disconnecting" else "active"  # parting goes on meanwhile
    return _reached(replace(known, status=status, configured_at=at), OnboardingConfiguredV1, at)


def follow_reassigned(
    state: Progress | None, event: Envelope[ActivationReassignedV1], _now: datetime
) -> Decision[Progress]:
    """Another consultant answers for the client: what we say of it must not name the one before."""
    return Decision(replace(_known(state), responsible_consultant=event.data.responsible_consultant))


def follow_cancelled(
    state: Progress | None, event: Envelope[ActivationCancelledV1], _now: datetime
) -> Decision[Progress]:
    """The client was cancelled; its number is free again."""
    at, known = event.data.cancelled_at, _known(state)
    after = _done(replace(known, status="cancelled", cancelled_at=at), event.data.request_id, at)
    after = _came_of(after, event.data.request_id, Outcome("cancelled", at))
    asked = [known.request, _command(known, event.data.request_id)]
    says = (each.told(_result(OnboardingCancelledV1, after, each, at=at)) for each in asked if each is not None)
    return Decision(after, tuple(says))


def follow_disconnection_requested(
    state: Progress | None, _event: Envelope[DisconnectionRequestedV1], _now: datetime
) -> Decision[Progress]:
    """Agency and client are about to part."""
    return Decision(replace(_known(state), status="disconnecting"))


def follow_disconnection_approved(
    state: Progress | None, _event: Envelope[DisconnectionApprovedV1], _now: datetime
) -> Decision[Progress]:
    """They have parted; the client's number is free again."""
    return Decision(replace(_known(state), status="disconnected"))


def follow_disconnection_dropped(
    state: Progress | None, _event: Envelope[DisconnectionWithdrawnV1 | DisconnectionExpiredV1], _now: datetime
) -> Decision[Progress]:
    """They stay together: the wish was taken back, or nobody approved it in time."""
    return Decision(replace(_known(state), status="active"))


def follow_snapshot(
    state: Progress | None, event: Envelope[ActivationSnapshotV1], _now: datetime
) -> Decision[Progress]:
    """Activation announced the whole state again. A source is told of what had not been heard before, and only that."""
    data, known = event.data, _known(state)
    after = replace(
        known,
        status=_status(data),
        listed_at=data.listed_at,
        activated_at=data.activated_at,
        configured_at=data.configured_at,
        cancelled_at=data.cancelled_at,
        activated_by_name=data.activated_by.name if data.activated_by else None,
        responsible_consultant=data.responsible_consultant,
        program_access=data.program_access,
        people=People(
            frozenset(data.consultants),
            frozenset(each.sub for each in data.users if each.sub and each.state == "active"),
        ),
        questions={key: _overtaken(each, data, event.time) for key, each in known.questions.items()},
    )
    says: list[Say] = []
    for name, result in _RESULTS.items():
        at = getattr(after, name)
        if at is not None and getattr(known, name) is None:
            says += _reached(after, result, at).says
    return Decision(after, tuple(says))


def _status(data: ActivationSnapshotV1) -> ClientStatus:
    status = STATUS_OF[data.status]
    return "disconnecting" if status == "active" and data.disconnection is not None else status


def _overtaken(asked: Question, data: ActivationSnapshotV1, at: datetime) -> Question:
    """A snapshot does not say what was answered, but what came of a cancellation shows."""
    if asked.kind != "cancellation" or data.status == "pending":
        return asked
    if data.status == "cancelled":
        return asked.done(at)
    facts = {"activated_by": data.activated_by and data.activated_by.name, "activated_at": data.activated_at}
    return asked.refused(at, AlreadyActivated.code, (), facts)


def follow_cancellation_refused(
    state: Progress | None, event: Envelope[ActivationCancellationRefusedV1], _now: datetime
) -> Decision[Progress]:
    """Activation refused a cancellation; whoever asked is told."""
    known = _known(state)
    facts = {"activated_by": known.activated_by_name, "activated_at": known.activated_at}
    return _refused(known, event, (), facts if event.data.code == AlreadyActivated.code else {})


def follow_licences_changed(
    state: Progress | None, event: Envelope[LicencesChangedV1], _now: datetime
) -> Decision[Progress]:
    """The licences are others now; told where somebody asked for it."""
    known = replace(_known(state), program_access=event.data.program_access)
    known = _done(known, event.data.request_id, event.time)
    asked = _command(known, event.data.request_id)
    if asked is None:
        return Decision(known)
    known = _came_of(known, event.data.request_id, Outcome("licences_changed", event.time))
    licences = [PurchasedLicences(program=row.program, purchased=row.purchased) for row in event.data.licences]
    data = _result(OnboardingLicencesChangedV1, known, asked, licences=licences, effective_at=event.time)
    return Decision(known, (asked.told(data),))


def follow_licences_change_refused(
    state: Progress | None, event: Envelope[LicencesChangeRefusedV1], _now: datetime
) -> Decision[Progress]:
    """Activation refused other licences; whoever asked is told."""
    errors = tuple(Pointed(each.pointer, each.code) for each in event.data.errors)
    facts = {"assigned": event.data.assigned, "reserved": event.data.reserved}
    return _refused(_known(state), event, errors, {name: each for name, each in facts.items() if each is not None})


def _known(state: Progress | None) -> Progress:
    if state is None:
        raise ClientUnknown
    return state


def _reached(state: Progress, result: type[EventData], at: datetime) -> Decision[Progress]:
    """The new state; a client that came from a request has its source told."""
    if state.request is None:
        return Decision(state)
    return Decision(state, (state.request.told(_result(result, state, state.request, at=at)),))


def _refused(
    state: Progress, event: Envelope[Any], errors: tuple[Pointed, ...], facts: dict[str, Any]
) -> Decision[Progress]:
    command_id, code = event.data.request_id, event.data.code
    question = _waiting(state, command_id)
    if question is not None:
        state = _with(state, question.refused(event.time, code, errors, facts))
    asked = _command(state, command_id)
    if asked is None:
        return Decision(state)
    state = _came_of(state, command_id, Outcome("rejected", event.time, code, errors))
    told = rejection(code, errors, request_id=asked.request_id, agency=state.agency, client_id=state.client_id, **facts)
    return Decision(state, (asked.told(told),))


def _command(state: Progress, command_id: UUID | None) -> Asked | None:
    """The source's request that an answer names, where a source asked."""
    return None if command_id is None else state.commands.get(command_id)


def _came_of(state: Progress, command_id: UUID | None, outcome: Outcome) -> Progress:
    """With what the source is told, to be seen where it asks what became of its request."""
    if command_id is None or command_id not in state.commands:
        return state
    return replace(state, outcomes=(*state.outcomes, (command_id, outcome)))


def _done(state: Progress, request_id: UUID | None, at: datetime) -> Progress:
    """With the answer to what a person asked; the first answer counts, since a change on a day is told again then."""
    question = _waiting(state, request_id)
    return state if question is None else _with(state, question.done(at))


def _waiting(state: Progress, request_id: UUID | None) -> Question | None:
    question = None if request_id is None else state.questions.get(request_id)
    return question if question is not None and question.open else None


def _with(state: Progress, question: Question) -> Progress:
    return replace(state, questions={**state.questions, question.request_id: question})


def _result(model: type[EventData], state: Progress, asked: Asked, **more: Any) -> EventData:
    fields = {
        "request_id": asked.request_id,
        "agency": state.agency,
        "client_id": state.client_id,
        "external_ref": state.external_ref,
    }
    return model.model_validate({**fields, **more})
