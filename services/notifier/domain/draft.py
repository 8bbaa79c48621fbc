"""A mail to be queued: what it is about, for whom, and the facts it will tell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from schemas.notification import Template
from schemas.values import Locale

WITH_CODES: tuple[Template, ...] = ("invitation", "disconnection")
"""Mails whose link has a code; it is computed as they are rendered and stands in no fact."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One mail of (template, cause, recipient); `resend` counts the times that a person had it sent again.

    `recipient_chosen`: that person named the address, and no later change of the client's gives the mail another.
    `reader`: the user's id or the consultant's subject, where it is for a person that we know. `superseded`: what it
    says is no longer so. `unless_there`: it may be queued already, and then is not.
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
    reader: str | None = None
    superseded: bool = False
    unless_there: bool = False


def one_each(drafts: Iterable[Draft]) -> list[Draft]:
    """The first of each (template, cause, address): nobody is mailed twice who is two of the readers."""
    found: dict[tuple[str, str, str], Draft] = {}
    for each in drafts:
        found.setdefault((each.template, each.cause_id, each.recipient.casefold()), each)
    return list(found.values())


def message_id(template: str, cause_id: str, recipient: str, resend: int, domain: str) -> str:
    """The same for every attempt at the same mail, so that a receiver can drop a second copy."""
    name = "\n".join((template, cause_id, recipient.lower(), str(resend)))
    return f"<{uuid5(NAMESPACE_URL, 'urn:aktivera:mail:' + name)}@{domain}>"


def out_of_date(facts: Mapping[str, Any], now: datetime) -> bool:
    """Whether the code in the mail has run out, so that the mail would lead nowhere."""
    until = facts.get("expires_at")
    return until is not None and datetime.fromisoformat(until) <= now
