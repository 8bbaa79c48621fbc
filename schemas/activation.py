"""Activation events: a client's way from the list to configured or cancelled. Key and aggregate: the client."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.envelope import EventData
from schemas.values import Code, Counts, Email, Locale, Name, Origin, Person, Reason, RequestedBy, Slug, Sub


class ClientScoped(EventData):
    """What every client-scoped event of activation carries, so that no reader must ask whose client this is."""

    client_id: UUID
    agency: Slug
    client_name: Name
    test: bool


class ActivationListedV1(ClientScoped):
    """The client stands in the activation list; only now do the mail and the bell go out."""

    origin: Origin
    program_access: bool
    counts: Counts
    confirmation_email: Email
    locale: Locale
    created_by: Person | None = None
    responsible_consultant: Sub | None = None
    created_at: AwareDatetime
    listed_at: AwareDatetime


class ActivationActivatedV1(ClientScoped):
    """A consultant clicked the arrow, and became system administrator unless the client brought its own."""

    activated_by: Person
    created_at: AwareDatetime
    listed_at: AwareDatetime
    activated_at: AwareDatetime
    became_system_administrator: bool


class ActivationConfiguredV1(ClientScoped):
    """The first Save of licences and permissions succeeded."""

    configured_by: Person
    created_at: AwareDatetime
    listed_at: AwareDatetime
    configured_at: AwareDatetime


class ActivationReassignedV1(ClientScoped):
    """Another consultant, or nobody in particular, now answers for the client. `handover_id`: as a part of that act,
    which `handover.completed` tells of."""

    responsible_consultant: Sub | None = None
    by: Person
    handover_id: UUID | None = None


class ConsultantsChangedV1(ClientScoped):
    """Who is linked to the client, whole."""

    consultants: list[Sub]


class ActivationCancelledV1(ClientScoped):
    """The client was cancelled before anybody activated it. `request_id` where onboarding asked."""

    request_id: UUID | None = None
    cancelled_by: RequestedBy
    reason: Reason
    cancelled_at: AwareDatetime


class ActivationCancellationRefusedV1(ClientScoped):
    """The cancellation that onboarding asked for was refused."""

    request_id: UUID
    code: Code


class ActivationReminderDueV1(ClientScoped):
    """The client has waited long. `day`: the calendar day in Sweden this reminder is for; at most one a day."""

    pending_since: AwareDatetime
    day: date
    created_by: Person | None = None
    responsible_consultant: Sub | None = None


AccessVersion = Annotated[int, Field(ge=0)]
"""How many Saves have changed the client's licences and permissions."""
