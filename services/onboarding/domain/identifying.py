"""Who a client is, otherwise: an association gets its number, another person answers, a number is put right."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from schemas.envelope import Decision
from schemas.errors import Pointed, Refused
from schemas.values import IdentityKind, Person
from services.onboarding.domain import fields
from services.onboarding.domain.changing import Noted, Standing, changed_fields, differences, must_be_seen
from services.onboarding.domain.creation import (
    AssociationPerhapsExists,
    Neighbours,
    clashes,
    swedish_date,
)
from services.onboarding.domain.details import DETAILS, IDENTITY, read_identity
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.new_client import Identity
from services.onboarding.domain.on_file import ClientOnFile, updated
from services.onboarding.domain.rule_book import ContentInvalid
from services.onboarding.domain.unknown_fields import unknown_of_an_identity

KINDS: Mapping[IdentityKind, tuple[IdentityKind, ...]] = {
    "organisation": ("organisation",),
    "sole_trader": ("sole_trader",),
    "association_without_orgnr": ("association_without_orgnr", "organisation"),
}
"""What a client is → what it may become. A firm that turns into a company is another client."""


class IdentityKindFixed(Refused):
    """The client would be another one: `from`, `to` and what is `allowed` say so."""

    code = "identity_kind_fixed"

    def __init__(self, before: IdentityKind, after: IdentityKind) -> None:
        facts: dict[str, Any] = {"from": before, "to": after, "allowed": list(KINDS[before])}
        super().__init__([Pointed(f"{IDENTITY}/kind", self.code)], **facts)


@dataclass(frozen=True, slots=True)
class Identifying:
    """A client, and who has the number that it shall have. `identity` is what a decision has the vault keep."""

    standing: Standing
    neighbours: Neighbours
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class ChangeIdentity:
    """Who the client is. `content` is in the shape of the three steps; `seen` the edition that somebody has read."""

    agency: str
    seen: int
    content: Mapping[str, Any]
    by: Person


def change_identity(state: Identifying | None, command: ChangeIdentity, now: datetime) -> Decision[Identifying]:
    """Gives a client another number, or another responsible person; the check for duplicates is made anew.

    Raises ClientElsewhere, what its state forbids, StaleVersion, ContentInvalid, IdentityKindFixed, and the clashes.
    """
    client = must_be_seen(None if state is None else state.standing, command.agency, command.seen, command.by)
    assert state is not None
    identity, confirmed = _read(command.content, now)
    if identity.kind not in KINDS[client.identity_kind]:
        raise IdentityKindFixed(client.identity_kind, identity.kind)
    others = tuple(each for each in state.neighbours.same_number if each.client_id != client.client_id)
    same_number = identity.kind == client.identity_kind and others != state.neighbours.same_number
    if same_number and identity.responsible_person == client.responsible_person:
        return Decision(state)
    found = [] if same_number else clashes(identity.kind, client.name, client.agency, Neighbours(None, None, others))
    for clash in found:
        if not (isinstance(clash, AssociationPerhapsExists) and confirmed):
            raise clash
    after = _identified(client, identity, confirmed=confirmed and bool(found))
    noted = Noted("change_identity", command.by, tuple(differences(client, after)))
    said = updated(after, command.by, changed_fields(client, after))
    standing = replace(state.standing, client=after, noted=noted)
    return Decision(Identifying(standing, state.neighbours, None if same_number else identity), (said,))


def _read(content: Mapping[str, Any], now: datetime) -> tuple[Identity, bool]:
    found = Findings()
    details = fields.obj(found, content.get("details"), DETAILS)
    identity = None if details is None else read_identity(found, details.get("identity"), swedish_date(now), "http")
    confirmed = fields.flag(found, content.get("confirm_duplicate"), "/confirm_duplicate", default=False)
    if identity is None or found.errors:
        raise ContentInvalid(found.errors, unknown_of_an_identity(content))
    return identity, bool(confirmed)


def _identified(client: ClientOnFile, identity: Identity, *, confirmed: bool) -> ClientOnFile:
    return replace(
        client,
        version=client.version + 1,
        edition=client.edition + 1,
        identity_kind=identity.kind,
        identity_mask=identity.number.masked,
        responsible_person=identity.responsible_person,
        confirmed_duplicate=client.confirmed_duplicate or confirmed,
    )
