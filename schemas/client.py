"""Client events: what onboarding knows of a client and asks activation for. Key and aggregate: the client."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from schemas.envelope import EventData
from schemas.values import (
    Access,
    Administrator,
    Code,
    Counts,
    Email,
    EmailOrBlank,
    ExternalRef,
    IdentityKind,
    Locale,
    Name,
    NameOrBlank,
    Origin,
    Person,
    Reason,
    RequestedBy,
    Slug,
    Sub,
)

ClientStatus = Literal["submitted", "listed", "active", "disconnecting", "disconnected", "cancelled", "erased"]


class _Client(EventData):
    """A client, whole, without its identity number and address. `name` is the client's; `counts` as first ordered."""

    client_id: UUID
    agency: Slug
    name: Name
    identity_kind: IdentityKind
    protected_identity: bool
    origin: Origin
    source: str | None = None
    external_ref: ExternalRef | None = None
    test: bool
    access: Access
    counts: Counts
    confirmation_email: Email
    locale: Locale
    created_at: AwareDatetime
    created_by: Person | None = None
    responsible_consultant: Sub | None = None
    administrators: list[Administrator] | None = None


class ClientCreatedV1(_Client):
    """A client was created, by a person or by an upstream system."""


class ClientUpdatedV1(_Client):
    """A client's details changed. `changed`: the fields whose values are others now, an address or a number unshown."""

    changed_by: Person | None = None
    changed: list[Code] | None = None


class ClientSnapshotV1(_Client):
    """All that onboarding may tell of a client, announced for a new reader or after a loss. Blank after erasure."""

    name: NameOrBlank
    confirmation_email: EmailOrBlank
    status: ClientStatus


class ClientCancellationRequestedV1(EventData):
    """Somebody wants the client cancelled; activation answers with activation.cancelled or .cancellation_refused."""

    client_id: UUID
    request_id: UUID
    requested_by: RequestedBy
    reason: Reason


class ClientLicencesChangeRequestedV1(EventData):
    """Somebody wants other licence counts (`counts`: those wanted); answered by licences.changed or .change_refused.

    `program_access`: the client gets own programs with these licences, or has none any more; not where it is absent.
    """

    client_id: UUID
    request_id: UUID
    requested_by: RequestedBy
    counts: Counts
    program_access: bool | None = None
    effective_at: AwareDatetime | None = None
    reason: Reason | None = None


class ClientErasedV1(EventData):
    """A client's personal data are destroyed; readers blank theirs."""

    client_id: UUID
    agency: Slug
