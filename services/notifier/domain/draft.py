"""A mail to be queued: what it is about, for whom, and the facts it will tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from schemas.notification import Template
from schemas.values import Locale


@dataclass(frozen=True, slots=True)
class Draft:
    """One mail of (template, cause, recipient); `resend` counts the times that a person had it sent again.

    `recipient_chosen`: that person named the address, and no later change of the client's gives the mail another.
    """

    template: Template
    cause_id: str
    recipient: str
    client_id: UUID
    agency: str
    client_name: str
    locale: Locale
    test: bool
    facts: Mapping[str, Any]
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    resend: int = 0
    requested_by: str | None = None
    requested_why: str | None = None
    recipient_chosen: bool = False
    id: UUID | None = None


def message_id(template: str, cause_id: str, recipient: str, resend: int, domain: str) -> str:
    """The same for every attempt at the same mail, so that a receiver can drop a second copy."""
    name = "\n".join((template, cause_id, recipient.lower(), str(resend)))
    return f"<{uuid5(NAMESPACE_URL, 'urn:aktivera:mail:' + name)}@{domain}>"
