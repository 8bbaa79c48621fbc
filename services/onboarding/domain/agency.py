"""An agency and its consultants: registered and changed by the agency's administrators or by operators."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from schemas.agency import AgencyChangedV1, AgencyRegisteredV1, ConsultantChangedV1, ConsultantRegisteredV1
from schemas.envelope import Decision, Say
from schemas.errors import Refused
from schemas.values import Locale, Person, Role
from services.onboarding.domain import fields
from services.onboarding.domain.editions import must_have_been
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.rule_book import LOCALES, ContentInvalid
from services.onboarding.domain.unknown_fields import beyond

Visibility = Literal["all", "linked"]
AGENCY_FIELDS = ("name", "locale", "client_visibility")
CONSULTANT_FIELDS = ("name", "email", "locale", "roles")


class AgencyUnknown(Refused):
    """The agency is not in the directory (yet)."""

    code = "unknown_agency"


class ConsultantUnknown(Refused):
    """The agency has no such consultant."""

    code = "unknown_consultant"


class AgencyAdminRequired(Refused):
    """Only an administrator of the agency may do this."""

    code = "agency_admin_required"


class RemovalPending(Refused):
    """The consultant is about to be removed; `request_id` says by which request."""

    code = "request_pending"


class ChangedMeanwhile(Refused):
    """Somebody has changed the agency since it was read; `version` is the present one."""

    code = "stale_version"


@dataclass(frozen=True, slots=True)
class Consultant:
    """A person who works at an agency."""

    sub: str
    name: str
    email: str
    locale: Locale
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """A wish to remove a consultant. `clients`: those they were released from, or are needed at."""

    request_id: UUID
    sub: str
    requested_at: datetime
    by: Person
    state: Literal["pending", "removed", "refused"] = "pending"
    answered_at: datetime | None = None
    clients: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency, whole. `version` counts its events and its consultants'. `removals`: those that are not answered."""

    agency: str
    version: int
    name: str
    locale: Locale
    client_visibility: Visibility
    consultants: Mapping[str, Consultant] = field(default_factory=dict)
    removals: Mapping[UUID, Removal] = field(default_factory=dict)

    def leaving(self, sub: str) -> Removal | None:
        """The open wish to remove a consultant."""
        return next((each for each in self.removals.values() if each.sub == sub and each.state == "pending"), None)


@dataclass(frozen=True, slots=True)
class PutAgency:
    """How an agency shall be. `seen`: the version that it was decided on, where the caller says so."""

    agency: str
    content: Mapping[str, Any]
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class PutConsultant:
    """How a consultant shall be."""

    agency: str
    sub: str
    content: Mapping[str, Any]
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class RemoveConsultant:
    """A consultant shall be gone."""

    agency: str
    sub: str
    request_id: UUID
    by: Person


def put_agency(state: Agency | None, command: PutAgency, _now: datetime) -> Decision[Agency]:
    """Registers or changes an agency; says nothing where nothing changes. Raises ContentInvalid, ChangedMeanwhile.

    Its id is a slug.
    """
    _must_be_seen(state, command.seen)
    found = Findings()
    fields.text(found, command.agency, "/agency")
    name = fields.text(found, command.content.get("name"), "/name", long="name_too_long")
    locale: Any = fields.choice(found, command.content.get("locale"), "/locale", LOCALES, default="sv")
    visibility: Any = fields.choice(
        found, command.content.get("client_visibility"), "/client_visibility", get_args(Visibility), default="all"
    )
    if name is None or found.errors:
        raise ContentInvalid(found.errors, beyond(command.content, AGENCY_FIELDS))
    if state is None:
        new = Agency(command.agency, 1, name, locale, visibility)
        return Decision(new, (_said(AgencyRegisteredV1, new),))
    wanted = replace(state, name=name, locale=locale, client_visibility=visibility)
    if wanted == state:
        return Decision(state)
    changed = replace(wanted, version=state.version + 1)
    return Decision(changed, (_said(AgencyChangedV1, changed),))


def put_consultant(state: Agency | None, command: PutConsultant, _now: datetime) -> Decision[Agency]:
    """Registers or changes a consultant; says nothing where nothing changes.

    Raises AgencyUnknown, ContentInvalid, ChangedMeanwhile, and RemovalPending: who leaves is given nothing new.
    """
    if state is None:
        raise AgencyUnknown
    _must_be_seen(state, command.seen)
    consultant = _consultant(command)
    before = state.consultants.get(command.sub)
    if before == consultant:
        return Decision(state)
    leaving = state.leaving(command.sub)
    if leaving is not None:
        raise RemovalPending(request_id=leaving.request_id)
    changed = replace(state, version=state.version + 1, consultants={**state.consultants, command.sub: consultant})
    model = ConsultantRegisteredV1 if before is None else ConsultantChangedV1
    data = model(
        agency=state.agency,
        sub=consultant.sub,
        name=consultant.name,
        email=consultant.email,
        locale=consultant.locale,
        roles=list(consultant.roles),
    )
    return Decision(changed, (Say(data, version=changed.version),))


def _must_be_seen(state: Agency | None, seen: int | None) -> None:
    present = 0 if state is None else state.version
    if seen is not None and seen != present:
        must_have_been(seen, present)
        raise ChangedMeanwhile(version=present)


def _consultant(command: PutConsultant) -> Consultant:
    found, content = Findings(), command.content
    sub = fields.text(found, command.sub, "/sub", longest=255)
    if sub not in {None, command.sub}:
        found.add("/sub", "invalid_value")  # not as tokens write it
    name = fields.text(found, content.get("name"), "/name", long="name_too_long")
    email = fields.email(found, content.get("email"), "/email")
    locale: Any = fields.choice(found, content.get("locale"), "/locale", LOCALES, default="sv")
    roles = _roles(found, content.get("roles"))
    if sub is None or name is None or email is None or locale is None or found.errors:
        raise ContentInvalid(found.errors, beyond(content, CONSULTANT_FIELDS))
    return Consultant(sub, name, email, locale, roles)


def _roles(found: Findings, value: Any) -> tuple[Role, ...]:
    if not isinstance(value, list):
        found.add("/roles", "required" if value is None else "invalid_value")
        return ()
    known = [role for role in get_args(Role) if role in value]
    for place, role in enumerate(value):
        if role not in get_args(Role):
            found.add(f"/roles/{place}", "invalid_choice", get_args(Role))
    return tuple(known)


def _said(model: type[AgencyRegisteredV1] | type[AgencyChangedV1], agency: Agency) -> Say:
    data = model(
        agency=agency.agency,
        name=agency.name,
        locale=agency.locale,
        client_visibility=agency.client_visibility,
    )
    return Say(data, version=agency.version)
