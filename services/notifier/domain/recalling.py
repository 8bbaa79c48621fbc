"""Mails that we once said we had sent and know no more of, since our tables were set back: they are not sent again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from schemas.envelope import Decision, Envelope
from schemas.errors import Refused
from schemas.notification import EmailFailedV1, EmailSentV1, EmailUnknownV1
from services.notifier.domain.kinds import Kind
from services.notifier.domain.mail import MailState
from services.notifier.domain.mailed import Mailed, arrived, missed

Outcome = EmailSentV1 | EmailFailedV1 | EmailUnknownV1

_STATES: Mapping[type[Outcome], MailState] = {EmailSentV1: "sent", EmailFailedV1: "failed", EmailUnknownV1: "unknown"}


class OutcomeUnread(Refused):
    """An outcome of a mail that load did not answer for."""

    code = "internal_error"


@dataclass(frozen=True, slots=True)
class Recall:
    """A mail that an outcome was said of. `state`: the end that we know of, None while it waits or where we have none.
    `outcome`: what told us, where we did not know it by ourselves. `mailed`: whose mail it is, where we have it."""

    state: MailState | None
    outcome: Outcome | None = None
    mailed: Mailed | None = None


def recall(state: Recall | None, event: Envelope[Outcome], _now: datetime) -> Decision[Recall]:
    """What we say of a mail whose end we know changes nothing; of another one it is all that we know.

    A mail whose lease ran out before the topic was read is `unknown` here, and the topic may know better.
    """
    if state is None:
        raise OutcomeUnread
    said = _STATES[type(event.data)]
    if state.state is None or (state.state == "unknown" and said != "unknown"):
        return Decision(replace(state, state=said, outcome=event.data))
    return Decision(state)


def sent(state: Recall | None, event: Envelope[EmailSentV1], now: datetime) -> Decision[Recall]:
    """The mail is out: a bell that said it was not says so."""
    after = recall(state, event, now).state
    if after.mailed is None:
        return Decision(after)
    mailed = arrived(after.mailed, event.data.at)
    return Decision(after if mailed is after.mailed else replace(after, mailed=mailed))


def failed(state: Recall | None, event: Envelope[EmailFailedV1], now: datetime) -> Decision[Recall]:
    """The mail cannot be delivered: somebody has to hear of it."""
    return _missed(recall(state, event, now).state, event, "email_failed", now)


def unknown(state: Recall | None, event: Envelope[EmailUnknownV1], now: datetime) -> Decision[Recall]:
    """Nobody knows whether it arrived: somebody has to decide."""
    return _missed(recall(state, event, now).state, event, "email_unknown", now)


def _missed(
    after: Recall, event: Envelope[EmailFailedV1] | Envelope[EmailUnknownV1], kind: Kind, now: datetime
) -> Decision[Recall]:
    if after.mailed is None:
        return Decision(after)
    decision = missed(after.mailed, event, kind, now)
    if decision.state is after.mailed:
        return Decision(after)
    return Decision(replace(after, mailed=decision.state), decision.says)


def email_id(event: Envelope[Outcome]) -> UUID:
    """The mail that an outcome is of."""
    return event.data.email_id
