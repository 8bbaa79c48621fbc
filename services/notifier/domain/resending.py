"""A person has a mail sent again: as a new mail, counted, where the rules let it to another address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from schemas.envelope import Decision
from schemas.errors import Pointed, Refused
from schemas.notification import Template
from services.notifier.domain.draft import Draft
from services.notifier.domain.mail import FINAL, MailState

RESENDS_A_DAY = 5
ADDRESSES_A_DAY = 5
DAY = timedelta(days=1)
READDRESSED: tuple[Template, ...] = ("confirmation",)
"""The others' addresses are people's, and are changed where those people are."""


class EmailNotResendable(Refused):
    """The mail has no outcome yet, or it is of a client that was erased."""

    code = "email_not_resendable"


class EmailSuperseded(Refused):
    """What the mail says is no longer so."""

    code = "email_superseded"


class ResendLimit(Refused):
    """The mail was sent again to that address too often today."""

    code = "resend_limit"


class ReaddressLimit(Refused):
    """The mail was sent to too many other addresses today."""

    code = "readdress_limit"


class AddressChangedElsewhere(Refused):
    """The mail goes to a person's own address."""

    code = "recipient_fixed"


class NoSuchEmail(Refused):
    """The agency has no such mail."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Resend:
    """A person wants a mail sent again, as the mail `new_id`; to another address where `recipient` names one."""

    new_id: UUID
    by: str
    correlation_id: str
    recipient: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Copies:
    """What was sent of a mail to one address: the latest, and when in the last day it was sent again, oldest first."""

    latest: Draft
    state: MailState
    resent: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True)
class Sending:
    """What somebody needs to know who wants a mail sent again; and what is queued for them. `readdressed`: when in the
    last day it was sent to other addresses, the last time to each, oldest first."""

    recipient: str
    copies: Mapping[str, Copies]
    readdressed: Sequence[datetime] = ()
    queued: Draft | None = None

    @property
    def resends_left(self) -> int:
        """How many more times today to the address of what is queued, that one counted."""
        assert self.queued is not None
        there = self.copies.get(self.queued.recipient)
        return RESENDS_A_DAY - 1 - (len(there.resent) if there else 0)


def resend(sending: Sending | None, command: Resend, now: datetime) -> Decision[Sending]:
    """A resend is a new, counted mail.

    Raises NoSuchEmail, AddressChangedElsewhere, EmailNotResendable, EmailSuperseded, ResendLimit, ReaddressLimit.
    """
    if sending is None:
        raise NoSuchEmail
    asked = sending.copies[sending.recipient]
    recipient = command.recipient or sending.recipient
    elsewhere = recipient != sending.recipient
    if elsewhere and asked.latest.template not in READDRESSED:
        raise AddressChangedElsewhere([Pointed("/recipient", AddressChangedElsewhere.code)])
    there = sending.copies.get(recipient)
    if not asked.latest.client_name or any(each and each.state not in FINAL for each in (asked, there)):
        raise EmailNotResendable
    if asked.latest.superseded:
        raise EmailSuperseded
    if there is not None and len(there.resent) >= RESENDS_A_DAY:
        raise ResendLimit(retry_after_seconds=_left(there.resent, now))
    if there is None and len(sending.readdressed) >= ADDRESSES_A_DAY:
        wait = _left(sending.readdressed, now)
        raise ReaddressLimit([Pointed("/recipient", ReaddressLimit.code)], retry_after_seconds=wait)
    again = replace(
        asked.latest,
        id=command.new_id,
        recipient=recipient,
        recipient_chosen=asked.latest.recipient_chosen or elsewhere,
        resend=max(each.latest.resend for each in (asked, there) if each) + 1,
        requested_by=command.by,
        requested_why=command.why,
        correlation_id=command.correlation_id,
        causation_id=None,
        traceparent=None,
    )
    return Decision(replace(sending, queued=again))


def _left(times: Sequence[datetime], now: datetime) -> int:
    """Seconds until the first of them is a day ago."""
    return ceil((times[0] + DAY - now).total_seconds())
