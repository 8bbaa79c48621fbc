"""Notification events: what became of a mail, and that a bell was rung. Key: the client; no version."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from schemas.envelope import EventData
from schemas.values import Code, Count, Slug

Template = Literal["confirmation", "reminder", "invitation", "over_assigned", "handover", "disconnection"]
"""Which mail; what each is about (its `cause_id`) stands in EVENTS.md."""

CauseId = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class _Email(EventData):
    """A mail's outcome. `smtp_code` is the server's last answer, where it gave one."""

    client_id: UUID
    agency: Slug
    email_id: UUID
    template: Template
    cause_id: CauseId
    attempts: Count
    smtp_code: Annotated[int, Field(ge=200, le=599)] | None = None
    at: AwareDatetime


class EmailSentV1(_Email):
    """The mail server took the mail."""


class EmailFailedV1(_Email):
    """The mail cannot be delivered and is not tried again by itself."""


class EmailUnknownV1(_Email):
    """Nobody knows whether the mail server took the mail; a person decides whether it is sent again."""


class NotificationRaisedV1(EventData):
    """A bell rang for `count` people of the audience."""

    client_id: UUID
    agency: Slug
    kind: Code
    cause_id: CauseId
    audience: Literal["creator", "responsible", "client_managers", "user"]
    count: Count
