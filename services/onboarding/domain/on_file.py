"""A client on file, whole but for its number, of which only the mask is known outside the vault; and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.client import ClientStatus, ClientUpdatedV1
from schemas.envelope import Say
from schemas.values import Access, Administrator, IdentityKind, Locale, Origin, Person
from services.onboarding.domain.new_client import Address


@dataclass(frozen=True, slots=True)
class ClientOnFile:
    """A client as the table has it.

    `version` counts what is said of the client. `edition` counts the changes of what people read of it: an ETag made
    of the version would grow stale with every question to activation.
    """

    client_id: UUID
    version: int
    edition: int
    agency: str
    status: ClientStatus
    name: str
    identity_kind: IdentityKind
    identity_mask: str
    responsible_person: str | None
    protected_identity: bool
    address: Address | None
    access: Access
    counts: Mapping[str, int]
    confirmation_email: str
    locale: Locale
    origin: Origin
    test: bool
    source: str | None
    external_ref: str | None
    responsible_consultant: str | None
    administrators: tuple[Administrator, ...] | None
    confirmed_duplicate: bool
    created_by: Person | None
    created_at: datetime
    correlation_id: str


def document(client: ClientOnFile) -> dict[str, Any]:
    """The client as the three steps, with the mask for a person's number: what a change is laid over."""
    place, identity = client.address, {"kind": client.identity_kind, "number": client.identity_mask}
    if client.responsible_person is not None:
        identity["responsible_person"] = client.responsible_person
    details: dict[str, Any] = {
        "name": client.name,
        "identity": identity,
        "protected_identity": client.protected_identity,
    }
    if place is not None:
        details["address"] = {
            "street": place.street,
            "postal_code": place.postal_code,
            "city": place.city,
            "country": place.country,
        }
    found: dict[str, Any] = {
        "access": client.access.model_dump(),
        "details": details,
        "licences": {"counts": dict(client.counts), "confirmation_email": client.confirmation_email},
        "external_ref": client.external_ref,
        "responsible_consultant": client.responsible_consultant,
        "locale": client.locale,
    }
    return {name: value for name, value in found.items() if value is not None}


def updated(client: ClientOnFile, by: Person, changed: tuple[str, ...]) -> Say:
    """What is said of a client that was changed: whole values, and who changed which of them."""
    return Say(
        ClientUpdatedV1(
            client_id=client.client_id,
            agency=client.agency,
            name=client.name,
            identity_kind=client.identity_kind,
            protected_identity=client.protected_identity,
            origin=client.origin,
            source=client.source,
            external_ref=client.external_ref,
            test=client.test,
            access=client.access,
            counts=dict(client.counts),
            confirmation_email=client.confirmation_email,
            locale=client.locale,
            created_at=client.created_at,
            created_by=client.created_by,
            responsible_consultant=client.responsible_consultant,
            administrators=None if client.administrators is None else list(client.administrators),
            changed_by=by,
            changed=list(changed),
        ),
        version=client.version,
        correlation_id=None,
    )
