"""The snapshot of an activation: all its state at one version. Key and aggregate: the client."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from schemas.activation import AccessVersion, ClientScoped
from schemas.disconnection import Disconnection
from schemas.grants import Grant
from schemas.users import Invitation, UserState
from schemas.values import (
    Counts,
    EmailOrBlank,
    LicenceRow,
    Locale,
    NameOrBlank,
    Origin,
    Person,
    Reason,
    RequestedBy,
    ScheduledChange,
    Sub,
    Value,
)

ActivationStatus = Literal["pending", "activated", "configured", "cancelled", "disconnected"]


class UserSnapshot(Value):
    """A user with all that they hold. `kind` tells the client's own users from the agency's consultants."""

    user_id: UUID
    kind: Literal["client", "consultant"]
    sub: Sub | None = None
    name: NameOrBlank
    email: EmailOrBlank
    locale: Locale
    state: UserState
    grants: list[Grant]


class ActivationSnapshotV1(ClientScoped):
    """State and version of one activation, announced for a new reader or a loss. Blank after erasure."""

    client_name: NameOrBlank
    status: ActivationStatus
    origin: Origin
    program_access: bool
    counts: Counts
    confirmation_email: EmailOrBlank
    locale: Locale
    created_by: Person | None = None
    responsible_consultant: Sub | None = None
    created_at: AwareDatetime
    listed_at: AwareDatetime
    activated_by: Person | None = None
    activated_at: AwareDatetime | None = None
    became_system_administrator: bool | None = None
    configured_by: Person | None = None
    configured_at: AwareDatetime | None = None
    cancelled_by: RequestedBy | None = None
    cancelled_at: AwareDatetime | None = None
    reason: Reason | None = None
    consultants: list[Sub]
    licences: list[LicenceRow]
    scheduled: list[ScheduledChange]
    users: list[UserSnapshot]
    invitations: list[Invitation]
    disconnection: Disconnection | None = None
    access_version: AccessVersion
