"""What people ask of activation through onboarding: to cancel a client, to change its licences; and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from schemas.client import ClientCancellationRequestedV1, ClientLicencesChangeRequestedV1, ClientStatus
from schemas.envelope import Decision, EventData, Say
from schemas.errors import Pointed, Refused
from schemas.values import Person, RequestedBy
from services.onboarding.domain import fields
from services.onboarding.domain.client import ClientElsewhere
from services.onboarding.domain.creation import refuse_disclosure
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.instructions import read_day, read_reason
from services.onboarding.domain.life_cycle import must_be_cancellable, must_live
from services.onboarding.domain.rule_book import ContentInvalid, read_counts
from services.onboarding.domain.unknown_fields import beyond

Kind = Literal["cancellation", "licences"]
QuestionState = Literal["pending", "done", "refused", "unanswered"]

ANSWERED_WITHIN = timedelta(days=1)
"""A question that nobody has answered for so long stands in nobody's way; an answer that comes later still counts."""


class RequestPending(Refused):
    """The same kind of thing was asked before and is not answered yet; `request_id` says where."""

    code = "request_pending"


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a person asked, and what became of it. `content` is what was asked, as the rule book read it.

    `facts` fill the text of the code that it was refused with.
    """

    request_id: UUID
    client_id: UUID
    kind: Kind
    content: Mapping[str, Any]
    by: Person
    asked_at: datetime
    correlation_id: str
    state: QuestionState = "pending"
    code: str | None = None
    errors: tuple[Pointed, ...] = ()
    settled_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether an answer would still settle it."""
        return self.state in {"pending", "unanswered"}

    def done(self, at: datetime) -> "Question":
        return replace(self, state="done", settled_at=at)

    def refused(self, at: datetime, code: str, errors: tuple[Pointed, ...], facts: Mapping[str, Any]) -> "Question":
        return replace(self, state="refused", code=code, errors=errors, facts=facts, settled_at=at)


@dataclass(frozen=True, slots=True)
class Askable:
    """A client of which something is asked. `questions` are those that wait; then the new one is among them."""

    client_id: UUID
    version: int
    agency: str
    status: ClientStatus
    program_access: bool
    activated_by: str | None
    activated_at: datetime | None
    questions: Mapping[UUID, Question] = field(default_factory=dict)
    asked: Question | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A person's wish. `content` is what was sent, read when it is decided."""

    agency: str
    request_id: UUID
    content: Mapping[str, Any]
    by: Person
    correlation_id: str


@dataclass(frozen=True, slots=True)
class AskCancellation(Ask):
    """The client shall not come about."""


@dataclass(frozen=True, slots=True)
class AskLicences(Ask):
    """Other numbers of licences, and with them access to programs or none."""


FIELDS: Mapping[type[Ask], tuple[str, ...]] = {
    AskCancellation: ("reason",),
    AskLicences: ("counts", "program_access", "effective_at", "reason"),
}
"""What is read of each; other fields are passed over, with a warning."""


def ask_cancellation(state: Askable | None, command: AskCancellation, now: datetime) -> Decision[Askable]:
    """Asks activation to cancel. Raises ContentInvalid, AlreadyActivated, TransitionInvalid, RequestPending."""
    client = _of(state, command)
    found = Findings()
    reason = read_reason(found, command.content.get("reason"))
    if reason is None:
        raise ContentInvalid(found.errors, beyond(command.content, FIELDS[AskCancellation]))
    must_be_cancellable(client.status, activated_by=client.activated_by, activated_at=client.activated_at)
    data = ClientCancellationRequestedV1(
        client_id=client.client_id, request_id=command.request_id, requested_by=_requested_by(command.by), reason=reason
    )
    return _asked(client, command, "cancellation", {"reason": reason}, data, now)


def ask_licences(state: Askable | None, command: AskLicences, now: datetime) -> Decision[Askable]:
    """Asks activation for other licences. Raises ContentInvalid, what the client's state forbids, RequestPending."""
    client = _of(state, command)
    content = _read_licences(command.content, client, now)
    must_live(client.status)
    data = ClientLicencesChangeRequestedV1(
        client_id=client.client_id,
        request_id=command.request_id,
        requested_by=_requested_by(command.by),
        counts=content["counts"],
        program_access=content["program_access"],
        effective_at=content["effective_at"],
        reason=content["reason"],
    )
    return _asked(client, command, "licences", content, data, now)


def _of(state: Askable | None, command: Ask) -> Askable:
    if state is None or state.agency != command.agency:
        raise ClientElsewhere
    refuse_disclosure(command.by)
    return state


def _read_licences(content: Mapping[str, Any], client: Askable, now: datetime) -> dict[str, Any]:
    found = Findings()
    counts = read_counts(found, content.get("counts"), "/counts", keep_none=True)
    given = content.get("program_access")
    access = None if given is None else fields.flag(found, given, "/program_access")
    effective_at = read_day(found, content.get("effective_at"), now)
    reason = None if content.get("reason") is None else read_reason(found, content["reason"])
    if not found.errors and counts is not None:
        some = any(counts.values())
        if access is None and not counts:
            found.add("/counts", "required")
        elif access and not client.program_access and not some:
            found.add("/counts", "licences_required")
        elif access is False and some:
            found.add("/counts", "licences_not_allowed")
        if access is not None and effective_at is not None:
            found.add("/effective_at", "invalid_value")  # programs are given and taken at once
    if counts is None or found.errors:
        raise ContentInvalid(found.errors, beyond(content, FIELDS[AskLicences]))
    return {"counts": counts, "program_access": access, "effective_at": effective_at, "reason": reason}


def _asked(
    client: Askable, command: Ask, kind: Kind, content: Mapping[str, Any], data: EventData, now: datetime
) -> Decision[Askable]:
    questions = dict(client.questions)
    for earlier in client.questions.values():
        if earlier.kind == kind and earlier.state == "pending":
            if now - earlier.asked_at < ANSWERED_WITHIN:
                raise RequestPending(request_id=earlier.request_id)
            questions[earlier.request_id] = replace(earlier, state="unanswered")
    asked = Question(command.request_id, client.client_id, kind, content, command.by, now, command.correlation_id)
    questions[asked.request_id] = asked
    after = replace(client, version=client.version + 1, questions=questions, asked=asked)
    return Decision(after, (Say(data, version=after.version),))


def _requested_by(by: Person) -> RequestedBy:
    return RequestedBy(kind="user", id=by.sub, name=by.name)
