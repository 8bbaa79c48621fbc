"""Sending a mail again is a person's act, counted, and a new mail."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import uuid4

import pytest

from schemas.notification import Template
from services.notifier.domain.draft import Draft
from services.notifier.domain.mail import FINAL, JUMPS, MailState
from services.notifier.domain.resending import (
    READDRESSED,
    AddressChangedElsewhere,
    Copies,
    EmailNotResendable,
    NoSuchEmail,
    ReaddressLimit,
    Resend,
    ResendLimit,
    Sending,
    resend,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MAIL = Draft("confirmation", "c", "anna@example.se", uuid4(), "byra-ett", "Bolaget", "sv", False, {}, "correlation")
COMMAND = Resend(uuid4(), "karin", "another")


EARLIER = [NOW - timedelta(hours=hours) for hours in (20, 4, 3, 2, 1)]

ANNA, BO = "anna@example.se", "bo@example.se"


def sending(state: MailState, today: int = 0, **facts: Any) -> Sending:
    return Sending(ANNA, {ANNA: Copies(MAIL, state, EARLIER[:today])}, **facts)


@pytest.mark.parametrize("state", FINAL)
def test_a_mail_with_an_outcome_can_be_sent_again(state: MailState) -> None:
    after = resend(sending(state, 4), COMMAND, NOW).state
    assert after.queued is not None
    assert (after.queued.id, after.queued.resend, after.queued.requested_by) == (COMMAND.new_id, 1, "karin")
    assert (after.queued.recipient, after.queued.recipient_chosen, after.resends_left) == (ANNA, False, 0)


@pytest.mark.parametrize("state", [state for state in JUMPS if state not in FINAL])
def test_a_mail_on_its_way_is_not_sent_again(state: MailState) -> None:
    with pytest.raises(EmailNotResendable):
        resend(sending(state), COMMAND, NOW)


def test_a_sixth_time_a_day_is_refused_until_the_first_is_a_day_ago() -> None:
    with pytest.raises(ResendLimit) as refused:
        resend(sending("sent", 5), COMMAND, NOW)
    assert refused.value.facts == {"retry_after_seconds": 4 * 3600}


def test_an_unknown_mail_is_not_found() -> None:
    with pytest.raises(NoSuchEmail):
        resend(None, COMMAND, NOW)


def test_a_confirmation_is_sent_to_another_address_though_its_own_had_it_five_times() -> None:
    after = resend(sending("failed", 5), replace(COMMAND, recipient=BO), NOW).state
    assert after.queued is not None
    assert (after.queued.recipient, after.queued.recipient_chosen, after.queued.resend) == (BO, True, 1)
    assert after.resends_left == 4


def test_the_own_address_named_is_no_other() -> None:
    after = resend(sending("sent"), replace(COMMAND, recipient=ANNA), NOW).state
    assert after.queued is not None
    assert not after.queued.recipient_chosen


def test_a_sixth_other_address_a_day_is_refused_and_one_that_had_it_is_none() -> None:
    command = replace(COMMAND, recipient=BO)
    with pytest.raises(ReaddressLimit) as refused:
        resend(sending("sent", readdressed=EARLIER), command, NOW)
    assert refused.value.facts == {"retry_after_seconds": 4 * 3600}
    there = Copies(replace(MAIL, recipient=BO, resend=3, recipient_chosen=True), "sent", EARLIER[:1])
    known = Sending(ANNA, {ANNA: Copies(MAIL, "sent"), BO: there}, EARLIER)
    after = resend(known, command, NOW).state
    assert after.queued is not None
    assert after.queued.resend == 4


def test_what_waits_for_the_other_address_is_waited_for() -> None:
    there = Copies(replace(MAIL, recipient=BO, resend=1), "pending", EARLIER[:1])
    with pytest.raises(EmailNotResendable):
        resend(Sending(ANNA, {ANNA: Copies(MAIL, "sent"), BO: there}, EARLIER[:1]), replace(COMMAND, recipient=BO), NOW)


@pytest.mark.parametrize("template", [each for each in get_args(Template) if each not in READDRESSED])
def test_a_mail_to_a_person_s_own_address_goes_to_no_other(template: Template) -> None:
    mail = Sending(ANNA, {ANNA: Copies(replace(MAIL, template=template), "sent")})
    with pytest.raises(AddressChangedElsewhere) as refused:
        resend(mail, replace(COMMAND, recipient=BO), NOW)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/recipient", "recipient_fixed")]
