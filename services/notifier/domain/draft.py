"""A mail to be queued: what it is about, for whom, and the facts it will tell. And sending one again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from schemas.envelope import Decision
from schemas.errors import Refused
from schemas.notification import Template
from schemas.values import Locale
from services.notifier.domain.mail import FINAL, MailState

RESENDS_A_DAY = 5

WITH_CODES: tuple[Template, ...] = ("invitation", "disconnection")
"""Mails whose link has a code; it is computed as they are rendered and stands in no fact."""


class EmailNotResendable(Refused):
    """The mail has no outcome yet."""

    code = "email_not_resendable"


class ResendLimit(Refused):
    """The mail was sent again too often today."""

    code = "resend_limit"


class EmailSuperseded(Refused):
    """What the mail says is no longer so."""

    code = "email_superseded"


class NoSuchEmail(Refused):
    """The agency has no such mail."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Draft:
    """One mail of (template, cause, recipient); `resend` counts the times that a person had it sent again.

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


@dataclass(frozen=True, slots=True)
class Resend:
    """A person wants a mail sent again, as the mail `new_id`."""

    new_id: UUID
    by: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Sending:
    """What somebody needs to know who wants a mail sent again; and what is queued for them."""

    latest: Draft
    state: MailState
    resent_today: int
    queued: Draft | None = None

    @property
    def resends_left(self) -> int:
        """How many more times today, what is queued now counted."""
        return RESENDS_A_DAY - self.resent_today - (self.queued is not None)


def resend(sending: Sending | None, command: Resend, _now: datetime) -> Decision[Sending]:
    """A resend is a new, counted mail. Raises NoSuchEmail, EmailNotResendable, EmailSuperseded, ResendLimit."""
    if sending is None:
        raise NoSuchEmail
    if sending.state not in FINAL or not sending.latest.client_name:  # without a name where the client was erased
        raise EmailNotResendable
    if sending.latest.superseded:
        raise EmailSuperseded
    if sending.resent_today >= RESENDS_A_DAY:
        raise ResendLimit
    again = replace(
        sending.latest,
        id=command.new_id,
        resend=sending.latest.resend + 1,
        requested_by=command.by,
        correlation_id=command.correlation_id,
        causation_id=None,
        traceparent=None,
    )
    return Decision(replace(sending, queued=again))
