"""A draft: the three steps before they are submitted. `draft → submitted | expired`, and never back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from schemas.envelope import Decision
from schemas.errors import Refused
from schemas.values import IdentityKind, Person
from services.onboarding.domain.company_forms import fits_form
from services.onboarding.domain.creation import (
    ExternalReferenceKnown,
    Neighbours,
    Wanted,
    clashes,
    refuse_disclosure,
    swedish_date,
)
from services.onboarding.domain.draft_content import Content, Step, started, with_step
from services.onboarding.domain.editions import must_have_been
from services.onboarding.domain.fields import normalised
from services.onboarding.domain.identity_numbers import IdentityNumber

LIFETIME = timedelta(days=30)
KEPT = timedelta(days=30)
"""How long what became of a draft can be read after its end."""
MOST_OPEN = 200

NUMBER = "/details/identity/number"

DraftStatus = Literal["draft", "submitted", "expired"]


class DraftUnknown(Refused):
    """There is no such draft, or it is somebody else's."""

    code = "not_found"


class DraftIsExpired(Refused):
    """Nobody changed the draft for 30 days."""

    code = "draft_expired"


class DraftIsSubmitted(Refused):
    """The draft has become a client; `client_id` says which."""

    code = "draft_submitted"


class DraftIsStale(Refused):
    """The draft was saved since, in another tab perhaps; `version` is the present one."""

    code = "stale_version"


class TooManyDrafts(Refused):
    """Somebody has as many open drafts as can be had."""

    code = "too_many_drafts"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft, whole. `content` is empty once it is submitted or expired."""

    draft_id: UUID
    version: int
    agency: str
    created_by: Person
    status: DraftStatus
    content: Content
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    client_id: UUID | None = None

    @property
    def name(self) -> str:
        """The client's name as it was typed; empty where there is none."""
        details = self.content.get("details")
        name = details.get("name") if isinstance(details, Mapping) else None
        return name if isinstance(name, str) else ""

    def standing(self, now: datetime) -> DraftStatus:
        """What it is at a moment: expired from that moment on, whenever the job comes by."""
        return "expired" if self.status == "draft" and self.expires_at <= now else self.status

    def visible_to(self, agency: str, sub: str, *, agency_admin: bool) -> bool:
        return self.agency == agency and (self.created_by.sub == sub or agency_admin)


@dataclass(frozen=True, slots=True)
class StartDraft:
    """Somebody begins; `body` may have any of the steps already."""

    draft_id: UUID
    agency: str
    created_by: Person
    body: Content


@dataclass(frozen=True, slots=True)
class PutStep:
    """Somebody fills in a step, having seen a version."""

    step: Step
    body: Content
    seen: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to look at that forbids nothing here; `client_id` is of the own agency's client that it is about."""

    pointer: str
    code: str
    client_id: UUID | None = None


def start_draft(_: Draft | None, command: StartDraft, now: datetime) -> Decision[Draft]:
    """A new draft. Raises NumberDisclosed, ContentTooDeep."""
    refuse_disclosure(command.created_by)
    content = started(command.body)
    draft = Draft(command.draft_id, 1, command.agency, command.created_by, "draft", content, now, now, now + LIFETIME)
    return Decision(draft)


def must_be_seen(draft: Draft, seen: int | None) -> None:
    """None where the caller does not say. Raises DraftIsStale, UnknownVersion."""
    if seen is not None and seen != draft.version:
        must_have_been(seen, draft.version)
        raise DraftIsStale(version=draft.version)


def put_step(draft: Draft | None, command: PutStep, now: datetime) -> Decision[Draft]:
    """Stores a step as it was typed. Raises what `living` raises, DraftIsStale, StepMissing, ContentTooDeep."""
    draft = living(draft, now)
    must_be_seen(draft, command.seen)
    content = with_step(draft.content, command.step, command.body, swedish_date(now))
    if content == draft.content:
        return Decision(draft)
    changed = replace(draft, version=draft.version + 1, content=content, updated_at=now, expires_at=now + LIFETIME)
    return Decision(changed)


def submitted(draft: Draft, client_id: UUID, now: datetime) -> Draft:
    """The draft that has become a client."""
    return replace(
        draft, version=draft.version + 1, status="submitted", content={}, client_id=client_id, updated_at=now
    )


def living(draft: Draft | None, now: datetime) -> Draft:
    """A draft that can be changed. Raises DraftUnknown, DraftIsExpired, DraftIsSubmitted."""
    if draft is None:
        raise DraftUnknown
    standing = draft.standing(now)
    if standing == "expired":
        raise DraftIsExpired
    if standing == "submitted":
        raise DraftIsSubmitted(client_id=draft.client_id)
    return draft


def warnings(content: Content, agency: str, beside: Neighbours, today: date) -> list[Warned]:
    """What else should be looked at: another company form, and clients that this one may be."""
    wanted = Wanted.of(content, agency, None)
    if wanted.kind not in get_args(IdentityKind):
        return []
    kind: Any = wanted.kind
    name = _name(content)
    number = wanted.identity_number(today)
    found = [] if number is None else form_warnings(kind, number, name)
    for clash in clashes(kind, name, agency, beside):
        pointer = "/external_ref" if isinstance(clash, ExternalReferenceKnown) else NUMBER
        client_id = clash.facts.get("client_id")
        found.append(Warned(pointer, clash.code, client_id if isinstance(client_id, UUID) else None))
    return found


def form_warnings(kind: IdentityKind, number: IdentityNumber, name: str) -> list[Warned]:
    """The number's first digit fits neither kind nor the form that the name says."""
    return [] if fits_form(kind, number.canonical[2:], name) else [Warned(NUMBER, "form_mismatch")]


def _name(content: Mapping[str, Any]) -> str:
    details = content.get("details")
    name = details.get("name") if isinstance(details, Mapping) else None
    return (normalised(name) or "") if isinstance(name, str) else ""
