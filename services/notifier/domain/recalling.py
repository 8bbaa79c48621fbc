"""Mails that we once said we had sent and know no more of, since our tables were restored: they are not sent again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    """One mail that an outcome was said of. `known`: it stands in our table, or was recalled already."""

    known: bool
    outcome: Outcome | None = None

    @property
    def state(self) -> MailState:
        assert self.outcome is not None
        return _STATES[type(self.outcome)]


def recall(state: Recall | None, event: Envelope[Outcome], _now: datetime) -> Decision[Recall]:
    """What we said of a mail that we know changes nothing; of another one it is all that we know."""
    if state is None:
        raise OutcomeUnread
    if state.known:
        return Decision(state)
    return Decision(replace(state, known=True, outcome=event.data))


def email_id(event: Envelope[Outcome]) -> UUID:
    """The mail that an outcome is of."""
    return event.data.email_id
