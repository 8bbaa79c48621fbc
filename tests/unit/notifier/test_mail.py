"""A mail's states: what leads where, and what never does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.notifier.domain.mail import (
    CLAIMABLE,
    FINAL,
    JUMPS,
    LEASED,
    TRANSMITTABLE,
    Accepted,
    Bounced,
    Deferred,
    InvalidJump,
    Mail,
    MailState,
    Outcome,
    Retries,
    Unanswered,
    before,
    lease_ran_out,
    settle,
)

NOW = datetime(2026, 3, 2, 9, 42, tzinfo=UTC)
RETRIES = Retries()
GREYLISTED = Deferred("email_deferred", "mail", 451)
RELAY_DOWN = Deferred("mail_server_unavailable", "relay", trouble="unreachable")
BROKE_OFF = Deferred("mail_server_unavailable", "relay", 421)
UNMADE = Deferred("internal_error", "relay")
STOPPED = Deferred("interrupted", "us")
NO_SUCH_USER = Bounced("email_rejected", 550)
OUTCOMES: list[Outcome] = [Accepted(), GREYLISTED, RELAY_DOWN, BROKE_OFF, UNMADE, STOPPED, NO_SUCH_USER, Unanswered()]


def a_mail(state: MailState, attempt: int = 1, age: timedelta = timedelta(0)) -> Mail:
    return Mail(UUID(int=1), state, attempt, NOW - age, NOW)


def settled(state: MailState, outcome: Outcome, **options: object) -> Mail:
    return settle(a_mail(state, **options), outcome, NOW, RETRIES, 0.5)  # type: ignore[arg-type]


def test_only_what_waits_is_claimed_and_only_a_claimed_mail_goes_out() -> None:
    assert set(CLAIMABLE) == {"pending", "retry"}
    assert TRANSMITTABLE == ("sending",)


@pytest.mark.parametrize("state", JUMPS)
def test_the_states_before_a_state_are_those_that_lead_to_it(state: MailState) -> None:
    assert all(state in JUMPS[each] for each in before(state))
    assert all(state not in JUMPS[each] for each in JUMPS if each not in before(state))


def test_an_accepted_mail_is_sent() -> None:
    mail = settled("transmitting", Accepted(250))
    assert (mail.state, mail.settled_at, mail.smtp_code, mail.reason) == ("sent", NOW, 250, None)


def test_a_mail_whose_content_never_went_out_cannot_be_sent() -> None:
    with pytest.raises(InvalidJump):
        settled("sending", Accepted())


def test_a_mail_whose_content_never_went_out_cannot_be_unknown() -> None:
    with pytest.raises(InvalidJump):
        settled("sending", Unanswered())


def test_no_answer_to_the_content_leaves_the_mail_unknown() -> None:
    mail = settled("transmitting", Unanswered())
    assert (mail.state, mail.reason) == ("unknown", "email_outcome_unknown")


@pytest.mark.parametrize("state", ["sending", "transmitting"])
def test_a_mail_that_is_put_off_is_tried_again_later(state: MailState) -> None:
    mail = settled(state, GREYLISTED)
    assert (mail.state, mail.due_at, mail.smtp_code) == ("retry", NOW + timedelta(minutes=1), 451)


@pytest.mark.parametrize("state", ["sending", "transmitting"])
def test_a_refused_mail_has_failed(state: MailState) -> None:
    mail = settled(state, NO_SUCH_USER)
    assert (mail.state, mail.smtp_code, mail.reason) == ("failed", 550, "email_rejected")


def test_waits_grow_from_a_minute_to_a_day() -> None:
    waits = [RETRIES.after(attempt, "mail", 0.5) / timedelta(minutes=1) for attempt in range(1, 11)]
    assert waits == pytest.approx([1, 5, 15, 30, 60, 120, 240, 480, 1440, 1440])


@given(attempt=st.integers(1, 50), jitter=st.floats(0, 1, exclude_max=True))
def test_jitter_spreads_a_wait_by_a_tenth(attempt: int, jitter: float) -> None:
    exact = RETRIES.after(attempt, "mail", 0.5)
    assert 0.89 * exact <= RETRIES.after(attempt, "mail", jitter) <= 1.11 * exact


def test_a_mail_waits_at_most_five_minutes_for_a_server_that_is_away() -> None:
    assert RETRIES.after(20, "relay", 0.5) == timedelta(minutes=5)


def test_a_mail_that_is_put_off_for_five_days_has_failed() -> None:
    since = replace(a_mail("sending"), deferrals=9, deferred_since=NOW - timedelta(days=5))
    for outcome in (GREYLISTED, BROKE_OFF, UNMADE):
        assert settle(since, outcome, NOW, RETRIES, 0.5).state == "failed"
        assert (
            settle(replace(since, deferred_since=NOW - timedelta(days=4)), outcome, NOW, RETRIES, 0.5).state == "retry"
        )


def test_a_dialogue_that_broke_off_is_tried_again_soon_and_is_no_deferral_of_the_mail() -> None:
    mail = settled("sending", BROKE_OFF, attempt=40)
    assert (mail.state, mail.deferrals, mail.deferred_since) == ("retry", 0, NOW)
    assert (mail.due_at, mail.attempts) == (NOW + timedelta(minutes=5), 40)


@given(
    tries=st.lists(
        st.tuples(st.sampled_from([GREYLISTED, BROKE_OFF, UNMADE]), st.floats(0, 1, exclude_max=True)), min_size=1
    ),
    last=st.sampled_from([GREYLISTED, BROKE_OFF, UNMADE]),
)
def test_a_mail_that_never_is_taken_ends_within_patience_and_one_more_wait(
    tries: list[tuple[Deferred, float]], last: Deferred
) -> None:
    """Whatever the server does to it, silence and hanging up included, where nothing stops every mail."""
    mail, now, retries = a_mail("retry", attempt=0), NOW, replace(RETRIES, relay_delay=10800)
    while mail.settled_at is None:
        outcome, jitter = tries.pop(0) if tries else (last, 0.5)
        now = mail.due_at
        mail = settle(replace(mail, state="sending", attempt=mail.attempt + 1), outcome, now, retries, jitter)
    assert mail.state == "failed"
    assert now - NOW <= retries.give_up_after + timedelta(days=1)


def test_the_days_while_the_server_was_away_count_for_no_mail() -> None:
    mail = settled("sending", GREYLISTED, attempt=40, age=timedelta(days=6))
    assert (mail.state, mail.deferrals, mail.deferred_since) == ("retry", 1, NOW)
    assert mail.due_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("between", [RELAY_DOWN, STOPPED, None], ids=["the server away", "stopped by us", "held"])
def test_days_that_are_not_the_mail_s_count_for_none_that_was_put_off_before_either(between: Deferred | None) -> None:
    """Would break: a mail put off once, then a week without a server, and it fails at the second refusal."""
    mail, later = settled("sending", GREYLISTED), NOW + timedelta(days=7)
    now = mail.due_at
    while between is not None and now < later:
        mail = settle(replace(mail, state="sending", attempt=mail.attempt + 1), between, now, RETRIES, 0.5)
        now = max(mail.due_at, now + timedelta(hours=1))
    mail = settle(replace(mail, state="sending"), GREYLISTED, later, RETRIES, 0.5)
    assert (mail.state, mail.deferrals) == ("retry", 2)
    assert mail.deferred_since is not None
    assert later - mail.deferred_since <= timedelta(hours=2)


def test_what_stops_every_mail_burns_no_attempt() -> None:
    for outcome in (Deferred("mail_server_unavailable", "relay", 535, "login_refused"), STOPPED):
        mail = settled("sending", outcome, attempt=3)
        assert (mail.attempts, mail.deferrals) == (2, 0)
    assert lease_ran_out(a_mail("sending", attempt=3), NOW).attempts == 2


def test_no_wait_is_longer_than_a_day() -> None:
    assert RETRIES.after(50, "mail", 0.99) == timedelta(days=1)


def test_a_server_that_is_away_never_makes_a_mail_fail() -> None:
    assert settled("sending", RELAY_DOWN, attempt=400, age=timedelta(days=50)).state == "retry"


def test_a_mail_given_back_is_due_at_once() -> None:
    assert settled("sending", STOPPED).due_at == NOW


def test_a_lease_that_runs_out_before_the_content_is_a_retry() -> None:
    mail = lease_ran_out(a_mail("sending"), NOW)
    assert (mail.state, mail.due_at, mail.settled_at) == ("retry", NOW, None)


def test_a_lease_that_runs_out_after_the_content_is_unknown() -> None:
    assert lease_ran_out(a_mail("transmitting"), NOW).state == "unknown"


@pytest.mark.parametrize("state", [state for state in JUMPS if state not in LEASED])
def test_only_a_mail_in_somebodys_hands_has_a_lease(state: MailState) -> None:
    with pytest.raises(InvalidJump):
        lease_ran_out(a_mail(state), NOW)


def test_a_late_answer_settles_an_unknown_mail() -> None:
    assert settled("unknown", Accepted()).state == "sent"
    assert settled("unknown", NO_SUCH_USER).state == "failed"


def test_a_late_put_off_does_not_send_an_unknown_mail_again() -> None:
    assert settled("unknown", GREYLISTED).state == "failed"


@pytest.mark.parametrize("state", ["sent", "failed"])
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_is_settled_stays_settled(state: MailState, outcome: Outcome) -> None:
    with pytest.raises(InvalidJump):
        settled(state, outcome)


class AnyHistory(RuleBasedStateMachine):
    """Whatever happens in whatever order: content goes out again only when the server is known not to have it."""

    def __init__(self) -> None:
        super().__init__()
        self.mail = a_mail("pending", attempt=0)
        self.server_may_have_it = False

    @precondition(lambda self: self.mail.state in CLAIMABLE)
    @rule()
    def is_claimed(self) -> None:
        self.mail = replace(self.mail, state="sending", attempt=self.mail.attempt + 1)

    @precondition(lambda self: self.mail.state in TRANSMITTABLE)
    @rule()
    def content_goes_out(self) -> None:
        assert not self.server_may_have_it
        self.mail = replace(self.mail, state="transmitting")
        self.server_may_have_it = True

    @precondition(lambda self: self.mail.state in LEASED)
    @rule()
    def worker_dies(self) -> None:
        self.mail = lease_ran_out(self.mail, NOW)

    @rule(outcome=st.sampled_from(OUTCOMES), jitter=st.floats(0, 1, exclude_max=True))
    def answer_comes(self, outcome: Outcome, jitter: float) -> None:
        try:
            self.mail = settle(self.mail, outcome, NOW, RETRIES, jitter)
        except InvalidJump:
            return
        if isinstance(outcome, Deferred | Bounced):
            self.server_may_have_it = False

    @invariant()
    def waiting_mails_are_not_with_the_server(self) -> None:
        assert not (self.mail.state in CLAIMABLE and self.server_may_have_it)

    @invariant()
    def final_states_have_their_moment(self) -> None:
        assert (self.mail.settled_at is not None) == (self.mail.state in FINAL)


TestAnyHistory = AnyHistory.TestCase
