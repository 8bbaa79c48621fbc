"""Creating a client: which duplicates forbid it, and what it says. The same for a person and an upstream event."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from schemas.envelope import Decision
from schemas.errors import Pointed, Refused
from schemas.personal_numbers import NumberDisclosed, discloses_a_number
from schemas.values import IdentityKind, Locale, Origin, Person
from services.onboarding.domain import fields
from services.onboarding.domain.agency import AgencyUnknown, ConsultantUnknown
from services.onboarding.domain.client import Client, Origins, created
from services.onboarding.domain.details import LONGEST_NUMBER
from services.onboarding.domain.encrypted_number import DecryptedNumber
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.identity_numbers import (
    IdentityNumber,
    NumberInvalid,
    organisation_number,
    personal_number,
)
from services.onboarding.domain.new_client import NewClient, name_key
from services.onboarding.domain.rule_book import ContentInvalid, review

SWEDEN = ZoneInfo("Europe/Stockholm")


class ClientExistsInAgency(Refused):
    """The agency already has a client with this number; `client_id` says which."""

    code = "duplicate_client"


class ClientExistsElsewhere(Refused):
    """Another agency has a client with this number. Nothing of it is disclosed."""

    code = "client_exists_elsewhere"


class AssociationPerhapsExists(Refused):
    """The agency has an association with this person's number and this name; `confirm_duplicate` allows another."""

    code = "possible_duplicate"


class ExternalReferenceKnown(Refused):
    """A client with this external reference exists; `client_id` says which."""

    code = "already_onboarded"


@dataclass(frozen=True, slots=True)
class Namesake:
    """A living client with the same identity number."""

    client_id: UUID
    agency: str
    kind: IdentityKind
    name_key: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What is already there that a new client may clash with, and the language of its agency."""

    agency_locale: Locale | None
    same_reference: UUID | None
    same_number: tuple[Namesake, ...]
    no_such_consultant: bool = False
    """The consultant who shall answer for the client is none of the agency's, or about to leave it."""


@dataclass(frozen=True, slots=True)
class Creation:
    """The state that a person's request is decided on: what is there, and then the client."""

    neighbours: Neighbours
    client: Client | None = None


@dataclass(frozen=True, slots=True)
class CreateClient:
    """A person's request. `content` is what was sent, read by the rule book when it is decided."""

    client_id: UUID
    agency: str
    content: Mapping[str, Any]
    created_by: Person
    correlation_id: str
    origin: Origin = "api"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What finds the neighbours of a new client, read from what was sent before the rule book has seen it."""

    agency: str | None
    source: str | None
    external_ref: str | None
    kind: str | None
    number: str | None = field(repr=False)
    responsible: str | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any], agency: str | None, source: str | None) -> "Wanted":
        details = content.get("details")
        identity = details.get("identity") if isinstance(details, Mapping) else None
        kind, number = (identity.get("kind"), _number_in(identity)) if isinstance(identity, Mapping) else (None, None)
        responsible = fields.text(Findings(), content.get("responsible_consultant"), "", longest=255)
        return cls(line(agency), source, line(content.get("external_ref")), line(kind), number, responsible)

    def identity_number(self, today: date) -> IdentityNumber | None:
        """The number in canonical form; None where there is none that can be read."""
        if self.number is None:
            return None
        try:
            if self.kind == "organisation":
                return organisation_number(self.number, today)
            return personal_number(self.number, today)
        except NumberInvalid:
            return None


def _number_in(identity: Mapping[str, Any]) -> str | None:
    encrypted = identity.get("number_jwe")
    number = encrypted.number if isinstance(encrypted, DecryptedNumber) else identity.get("number")
    return number if isinstance(number, str) and len(number) <= LONGEST_NUMBER else None


def line(value: Any) -> str | None:
    """A text as the rule book would normalise it; None where it would refuse it."""
    return fields.text(Findings(), value, "")


def swedish_date(now: datetime) -> date:
    """Today in Sweden, which is what a date of birth is measured by."""
    return now.astimezone(SWEDEN).date()


def create_client(state: Creation | None, command: CreateClient, now: datetime) -> Decision[Creation]:
    """A person creates a client. Raises ContentInvalid and the refusals above."""
    assert state is not None, "load answers the neighbours of every new client"
    refuse_disclosure(command.created_by)
    try:
        new = review(command.content, swedish_date(now), "http")
    except ContentInvalid as refusal:
        raise refusal.beside(strangers(state.neighbours)) from None
    if state.neighbours.agency_locale is None:
        raise AgencyUnknown
    refuse_stranger(state.neighbours)
    refuse_duplicates(new, command.agency, state.neighbours)
    client = begin(
        new,
        command.client_id,
        command.agency,
        state.neighbours,
        now,
        correlation_id=command.correlation_id,
        created_by=command.created_by,
        origin=command.origin,
    )
    return Decision(replace(state, client=client), (created(client),))


def refuse_disclosure(caller: Person) -> None:
    """An issuer that names people by their number must be set otherwise: who created a client is told to others."""
    if discloses_a_number(caller.sub) or discloses_a_number(caller.name):
        raise NumberDisclosed


def refuse_stranger(neighbours: Neighbours) -> None:
    """Raises ContentInvalid where nobody of the agency would answer for the client: onboarding owns consultants."""
    if found := strangers(neighbours):
        raise ContentInvalid(found)


def strangers(neighbours: Neighbours) -> list[Pointed]:
    """The place of a consultant who is none of the agency's; beside whatever else is wrong."""
    return [Pointed("/responsible_consultant", ConsultantUnknown.code)] if neighbours.no_such_consultant else []


def refuse_duplicates(new: NewClient, agency: str, neighbours: Neighbours) -> None:
    """Raises the first clash, unless it was confirmed."""
    for clash in clashes(new.details.identity.kind, new.details.name, agency, neighbours):
        if not (isinstance(clash, AssociationPerhapsExists) and new.confirm_duplicate):
            raise clash


def clashes(kind: IdentityKind, name: str, agency: str, neighbours: Neighbours) -> list[Refused]:
    """What a new client clashes with; the reference first, since it names the client beyond doubt."""
    found: list[Refused] = []
    if neighbours.same_reference is not None:
        found.append(ExternalReferenceKnown(client_id=neighbours.same_reference))
    same = [each for each in neighbours.same_number if each.kind == kind]
    own = [each for each in same if each.agency == agency]
    if kind == "association_without_orgnr":
        key = name_key(name)
        found += [AssociationPerhapsExists(client_id=each.client_id) for each in own if each.name_key == key][:1]
    elif own:
        found.append(ClientExistsInAgency(client_id=own[0].client_id))
    elif same:
        found.append(ClientExistsElsewhere())
    return found


def begin(  # noqa: PLR0913  # a client is made of all of these
    new: NewClient,
    client_id: UUID,
    agency: str,
    neighbours: Neighbours,
    now: datetime,
    *,
    correlation_id: str,
    created_by: Person | None = None,
    origin: Origin = "event",
    request: Origins | None = None,
    test: bool = False,
) -> Client:
    """The client at its first version."""
    return Client(
        client_id=client_id,
        version=1,
        agency=agency,
        status="submitted",
        name=new.details.name,
        identity=new.details.identity,
        protected_identity=new.details.protected_identity,
        address=new.details.address,
        access=new.access,
        counts=new.licences.counts,
        confirmation_email=new.licences.confirmation_email,
        locale=new.locale or neighbours.agency_locale or "sv",
        origin="connected" if new.connected else origin,
        test=test,
        external_ref=new.external_ref,
        responsible_consultant=new.responsible_consultant,
        administrators=new.administrators,
        confirmed_duplicate=new.confirm_duplicate,
        created_by=created_by,
        created_at=now,
        correlation_id=correlation_id,
        request=request,
    )
