"""Mails that we once said we had sent and know no more of, since our tables were set back: they are not sent again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.envelope import Decision, Envelope
from schemas.errors import Refused
from schemas.notification import EmailFailedV1, EmailSentV1, EmailUnknownV1
from services.notifier.domain.mail import MailState

Outcome = EmailSentV1 | EmailFailedV1 | EmailUnknownV1

_STATES: Mapping[type[Outcome], MailState] = {EmailSentV1: "sent", EmailFailedV1: "failed", EmailUnknownV1: "unknown"}


class OutcomeUnread(Refused):
    """An outcome of a mail that load did not answer for."""

    code = "internal_error"


@dataclass(frozen=True, slots=True)
class Recall:
    """A mail that an outcome was said of. `state`: the end that we know of, None while it waits or where we have none.
    `outcome`: what told us, where we did not know it by ourselves."""

    state: MailState | None
    outcome: Outcome | None = None


def recall(state: Recall | None, event: Envelope[Outcome], _now: datetime) -> Decision[Recall]:
    """What we say of a mail whose end we know changes nothing; of another one it is all that we know.

    A mail whose lease ran out before the topic was read is `unknown` here, and the topic may know better.
    """
    if state is None:
        raise OutcomeUnread
    said = _STATES[type(event.data)]
    if state.state is None or (state.state == "unknown" and said != "unknown"):
        return Decision(Recall(said, event.data))
    return Decision(state)


def email_id(event: Envelope[Outcome]) -> UUID:
    """The mail that an outcome is of."""
    return event.data.email_id
