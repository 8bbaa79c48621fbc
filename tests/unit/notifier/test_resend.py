"""Sending a mail again is a person's act, counted, and a new mail."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.notifier.domain.draft import (
    Draft,
    EmailNotResendable,
    NoSuchEmail,
    Resend,
    ResendLimit,
    Sending,
    resend,
)
from services.notifier.domain.mail import FINAL, JUMPS, MailState

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MAIL = Draft("confirmation", "c", "anna@example.se", uuid4(), "byra-ett", "Bolaget", "sv", False, {}, "correlation")
COMMAND = Resend(uuid4(), "karin", "another")


@pytest.mark.parametrize("state", FINAL)
def test_a_mail_with_an_outcome_can_be_sent_again(state: MailState) -> None:
    after = resend(Sending(MAIL, state, 4), COMMAND, NOW).state
    assert after.queued is not None
    assert (after.queued.id, after.queued.resend, after.queued.requested_by) == (COMMAND.new_id, 1, "karin")
    assert after.resends_left == 0


@pytest.mark.parametrize("state", [state for state in JUMPS if state not in FINAL])
def test_a_mail_on_its_way_is_not_sent_again(state: MailState) -> None:
    with pytest.raises(EmailNotResendable):
        resend(Sending(MAIL, state, 0), COMMAND, NOW)


def test_a_sixth_time_a_day_is_refused() -> None:
    with pytest.raises(ResendLimit):
        resend(Sending(MAIL, "sent", 5), COMMAND, NOW)


def test_an_unknown_mail_is_not_found() -> None:
    with pytest.raises(NoSuchEmail):
        resend(None, COMMAND, NOW)
