"""What routes take and give. Bodies are read leniently: it is the rule book that refuses, with its own codes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.client import ClientStatus
from schemas.values import IdentityKind, Locale, Origin
from services.onboarding.web.remarks import Remark
from services.onboarding.web.shapes import (
    AccessShown,
    AddressShown,
    AdministratorShown,
    By,
    LicencesShown,
    PlaceShown,
    WayShown,
)


class Warned(BaseModel):
    """A body of which what is unknown is passed over, and its sender warned of each field."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class NewClientBody(Warned):
    """The three steps, and what stands beside them; see GET /v1/programs for the programs."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "access": {"program_access": True, "invoice_recipient": "agency", "invoice_interval": "quarter"},
                "details": {
                    "name": "Exempelbolaget AB",
                    "identity": {"kind": "organisation", "number": "556036-0793"},
                    "address": {"street": "Storgatan 1", "postal_code": "123 45", "city": "Växjö", "country": "SE"},
                },
                "licences": {"counts": {"bookkeeping": 2}, "confirmation_email": "anna@exempelbolaget.se"},
            }
        },
    )

    access: Any = None
    details: Any = None
    licences: Any = None
    external_ref: Any = None
    responsible_consultant: Any = None
    locale: Any = None
    confirm_duplicate: Any = None
    connected: Any = None
    administrators: Any = None


class CreatedClient(BaseModel):
    """The client that was created, and what should be looked at all the same."""

    client_id: UUID
    agency: str
    status: ClientStatus
    external_ref: str | None
    created_at: datetime
    warnings: list[Remark] = []


class IdentityShown(BaseModel):
    """A client's identity; a person's number is masked."""

    kind: IdentityKind
    number: str
    responsible_person: str | None = None


class ListedClient(BaseModel):
    """One row of the client list."""

    client_id: UUID
    agency: str
    status: ClientStatus
    name: str
    identity: IdentityShown
    protected_identity: bool
    origin: Origin
    test: bool
    external_ref: str | None
    responsible_consultant: str | None
    created_by: By | None
    created_at: datetime
    listed_at: datetime | None
    activated_at: datetime | None
    configured_at: datetime | None
    cancelled_at: datetime | None


class ShownClient(ListedClient):
    """One client with its details."""

    version: int
    edition: int
    changed_at: datetime | None
    changed_by: By | None
    address: AddressShown | None
    access: AccessShown
    licences: LicencesShown
    locale: Locale
    administrators: list[AdministratorShown] | None
    source: str | None


class ClientPage(BaseModel):
    """A page of clients; `next` is the cursor of the following one."""

    items: list[ListedClient]
    next: str | None


class AnswerShown(BaseModel):
    """Something that the source was told: the type without prefix and version, and the moment of what it tells."""

    what: str
    at: datetime
    code: str | None = None


class IntakeShown(BaseModel):
    """What became of an upstream request. `status`: `waiting` (held, decided again at `next_try_at`, or by a person
    where that is null), `accepted`, `rejected`, or what activation answered since to what was asked of it: `cancelled`,
    `licences_changed`, `rejected`. `code` and `errors` say why it is rejected, `warnings`
    what was passed over."""

    source: str
    id: str
    correlation_id: str
    agency: str | None
    status: str
    client_id: UUID | None
    external_ref: str | None
    code: str | None
    errors: list[PlaceShown]
    warnings: list[PlaceShown]
    retryable: bool
    received_at: datetime
    answers: list[AnswerShown]
    next_try_at: datetime | None = None
    client: WayShown | None


class PublishedKey(BaseModel):
    """A public key (RFC 7517), with the two algorithms that a JWE to it must name."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str
    enc: str


class PublishedKeys(BaseModel):
    """The key to encrypt to, as a JWK Set."""

    keys: list[PublishedKey]
