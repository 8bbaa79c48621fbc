"""Changing a client: a merge patch over the three steps, read by the rule book that read them at its creation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.envelope import Decision
from schemas.errors import Pointed, Refused
from schemas.personal_numbers import discloses_a_number
from schemas.values import Locale, Person
from services.onboarding.domain import fields
from services.onboarding.domain.agency import ConsultantUnknown
from services.onboarding.domain.client import Client, ClientElsewhere
from services.onboarding.domain.creation import (
    AssociationPerhapsExists,
    ExternalReferenceKnown,
    Namesake,
    refuse_disclosure,
)
from services.onboarding.domain.details import ADDRESS, DETAILS, IDENTITY, read_name, read_place, read_protection
from services.onboarding.domain.editions import must_have_been
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.life_cycle import must_live
from services.onboarding.domain.merge_patch import merged
from services.onboarding.domain.new_client import name_key
from services.onboarding.domain.on_file import ClientOnFile, document, updated
from services.onboarding.domain.rule_book import LOCALES, ContentInvalid, read_access

NOT_HERE = "not_changeable"

SHAPE: Mapping[str, Any] = {
    "access": {"program_access": None, "invoice_recipient": None, "invoice_interval": None},
    "details": {
        "name": None,
        "identity": None,
        "protected_identity": None,
        "address": {"street": None, "postal_code": None, "city": None, "country": None},
    },
    "licences": {"counts": None, "confirmation_email": None},
    "external_ref": None,
    "responsible_consultant": None,
    "locale": None,
    "confirm_duplicate": None,
}
"""What a patch may name; a slip of the pen is refused, since nobody would notice that it changes nothing."""


class StaleVersion(Refused):
    """Somebody has changed the client since it was read; `changes` are theirs."""

    code = "stale_version"


class NotReassignable(Refused):
    """Whoever activated the client answers for it; it is handed over instead."""

    code = "not_reassignable"


@dataclass(frozen=True, slots=True)
class Altered:
    """One value of a client before a change and after it. `pointer` is its place in the three steps."""

    pointer: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Noted:
    """What the history gets of an act on a client: who did what."""

    act: str
    by: Person
    altered: tuple[Altered, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A client, and what a change of it may clash with. `noted` is what the decision adds to the history.

    `no_such_consultant`: who shall answer for the client is none of the agency's, or about to leave it.
    """

    client: ClientOnFile
    agency_locale: Locale | None
    same_reference: UUID | None
    namesakes: tuple[Namesake, ...]
    noted: Noted | None = None
    no_such_consultant: bool = False


@dataclass(frozen=True, slots=True)
class ChangeClient:
    """What somebody wants otherwise. `seen` is the edition that they have read."""

    agency: str
    seen: int
    patch: Mapping[str, Any]
    by: Person


def change_client(state: Standing | None, command: ChangeClient, _now: datetime) -> Decision[Standing]:
    """Changes a client; says and stores nothing where nothing changes.

    Raises ClientElsewhere, what its state forbids, StaleVersion, ContentInvalid, NotReassignable, and what clashes.
    """
    client = must_be_seen(state, command.agency, command.seen, command.by)
    assert state is not None
    wanted, confirmed = _review(client, command.patch, state.agency_locale)
    altered = tuple(differences(client, wanted))
    if not altered:
        return Decision(state)
    _refuse_clashes(state, wanted, confirmed=confirmed)
    after = replace(
        wanted,
        version=client.version + 1,
        edition=client.edition + 1,
        confirmed_duplicate=client.confirmed_duplicate or (confirmed and bool(_doubles(state, wanted))),
    )
    said = updated(after, command.by, changed_fields(client, after))
    return Decision(replace(state, client=after, noted=Noted("change", command.by, altered)), (said,))


def confirmation(client: Client) -> Noted | None:
    """What the history gets of a new association that may be there twice, which somebody said is another one."""
    if not client.confirmed_duplicate or client.identity.kind != "association_without_orgnr":
        return None
    source = None if client.request is None else client.request.source[:200]
    by = client.created_by or Person(sub=source or client.agency, name=source or client.agency)
    return Noted("confirm_duplicate", by, (Altered("/confirm_duplicate", None, True),))


def must_be_seen(state: Standing | None, agency: str, seen: int, by: Person) -> ClientOnFile:
    """The client, for one of its agency who has read it as it is.

    Raises ClientElsewhere, what its state forbids, StaleVersion, NumberDisclosed.
    """
    if state is None or state.client.agency != agency:
        raise ClientElsewhere
    must_live(state.client.status)
    if seen != state.client.edition:
        must_have_been(seen, state.client.edition)
        raise StaleVersion(edition=state.client.edition)
    refuse_disclosure(by)
    return state.client


def _review(client: ClientOnFile, patch: Mapping[str, Any], agency_locale: Locale | None) -> tuple[ClientOnFile, bool]:
    """The client as it is wanted, and whether a double is confirmed. Raises ContentInvalid with all that is wrong."""
    found = Findings()
    for pointer in _strangers(patch, SHAPE):
        found.add(pointer, NOT_HERE)
    before = document(client)
    wanted = merged(before, {name: value for name, value in patch.items() if name != "confirm_duplicate"})
    _refuse_other_acts(found, client, before, wanted)
    access = read_access(found, wanted.get("access"))
    details = fields.obj(found, wanted.get("details"), DETAILS) or {}
    name, protected = read_name(found, details), read_protection(found, details)
    address = read_place(found, details, protected=bool(protected))
    licences = fields.obj(found, wanted.get("licences"), "/licences") or {}
    email = fields.email(found, licences.get("confirmation_email"), "/licences/confirmation_email")
    reference = fields.optional_text(found, wanted.get("external_ref"), "/external_ref")
    responsible = fields.optional_text(
        found, wanted.get("responsible_consultant"), "/responsible_consultant", longest=255
    )
    locale: Any = fields.choice(found, wanted.get("locale"), "/locale", LOCALES, default=agency_locale or "sv")
    confirmed = fields.flag(found, patch.get("confirm_duplicate"), "/confirm_duplicate", default=False)
    if found.errors or access is None or name is None or protected is None or email is None:
        raise ContentInvalid(found.errors)
    after = replace(
        client,
        name=name,
        protected_identity=protected,
        address=address,
        access=access,
        confirmation_email=email,
        external_ref=reference,
        responsible_consultant=responsible,
        locale=locale,
    )
    return after, bool(confirmed)


def _refuse_other_acts(found: Findings, client: ClientOnFile, before: Mapping[str, Any], wanted: Any) -> None:
    """What has an act of its own, or was settled at the creation, may be named as it is and not otherwise."""
    places = [("details", "identity"), ("access", "program_access"), ("licences", "counts")]
    if client.source is not None:
        places.append(("", "external_ref"))  # the source names its client by it
    for step, name in places:
        was, now = (each.get(step) if step else each for each in (before, wanted))
        if isinstance(now, Mapping) and was is not None and now.get(name) != was.get(name):
            found.add(f"/{step}/{name}" if step else f"/{name}", NOT_HERE)


def _strangers(patch: Mapping[str, Any], shape: Mapping[str, Any], pointer: str = "") -> Iterator[str]:
    """The places of what no client has."""
    for name, value in patch.items():
        if name not in shape:
            # repeated only where it is short and no number, since it comes from whoever sent it
            harmless = len(name) <= 40 and name.isidentifier() and not discloses_a_number(name)
            yield f"{pointer}/{name}" if harmless else pointer
        elif isinstance(value, Mapping) and shape[name] is not None:
            yield from _strangers(value, shape[name], f"{pointer}/{name}")


_PLACES: Mapping[str, str] = {
    "name": f"{DETAILS}/name",
    "identity_kind": f"{IDENTITY}/kind",
    "identity_mask": f"{IDENTITY}/number",
    "responsible_person": f"{IDENTITY}/responsible_person",
    "protected_identity": f"{DETAILS}/protected_identity",
    "address": ADDRESS,
    "access": "/access",
    "confirmation_email": "/licences/confirmation_email",
    "external_ref": "/external_ref",
    "responsible_consultant": "/responsible_consultant",
    "locale": "/locale",
}


_TOLD_AS: Mapping[str, str] = {"identity_mask": "identity", "responsible_person": "identity"}


def differences(before: ClientOnFile, after: ClientOnFile) -> Iterator[Altered]:
    """What an act altered, place by place."""
    for name, pointer in _PLACES.items():
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            yield Altered(pointer, was, now)


def changed_fields(before: ClientOnFile, after: ClientOnFile) -> tuple[str, ...]:
    """The names of what changed; readers are told that an address or an identity changed, and never which."""
    changed = (name for name in _PLACES if getattr(before, name) != getattr(after, name))
    return tuple(dict.fromkeys(_TOLD_AS.get(name, name) for name in changed))


def _refuse_clashes(state: Standing, wanted: ClientOnFile, *, confirmed: bool) -> None:
    client = state.client
    if wanted.responsible_consultant != client.responsible_consultant:
        if client.status not in {"submitted", "listed"}:
            raise NotReassignable
        if state.no_such_consultant:
            raise ContentInvalid([Pointed("/responsible_consultant", ConsultantUnknown.code)])
    if wanted.external_ref != client.external_ref and state.same_reference is not None:
        raise ExternalReferenceKnown(client_id=state.same_reference)
    doubles = _doubles(state, wanted)
    if doubles and not confirmed and not client.confirmed_duplicate:
        raise AssociationPerhapsExists(client_id=doubles[0].client_id)


def _doubles(state: Standing, wanted: ClientOnFile) -> list[Namesake]:
    """Associations of the agency on the same person's number that are called what this one shall be called."""
    key = name_key(wanted.name)
    if wanted.identity_kind != "association_without_orgnr" or key == name_key(state.client.name):
        return []
    return [
        each
        for each in state.namesakes
        if each.kind == wanted.identity_kind and each.agency == wanted.agency and each.name_key == key
    ]
