"""The circuit of a mail server: what opens it, who tries it, what closes it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.notifier.domain.circuit import SILENT_IN_A_ROW, Circuit, Waits, hear, judge
from services.notifier.domain.mail import Accepted, Bounced, Deferred, Outcome, Unanswered, Withheld

NOW = datetime(2026, 3, 2, 9, 42, tzinfo=UTC)
WAITS = Waits()
MAIL, OTHER = UUID(int=1), UUID(int=2)
CLOSED = Circuit("mail.example.se:25")
REFUSED = Deferred("mail_server_unavailable", "relay", 535, "login_refused")
HUNG_UP = Deferred("mail_server_unavailable", "relay")
SILENT = replace(HUNG_UP, silent=True)
GREYLISTED = Deferred("email_deferred", "mail", 451)


def judged(circuit: Circuit, outcome: Outcome, mail: UUID = MAIL) -> Circuit:
    return judge(circuit, mail, outcome, NOW, WAITS, 0.5)


OPEN = judged(CLOSED, REFUSED)
TRIED = replace(OPEN, state="half_open", probe=MAIL)


def test_what_stands_in_every_mail_s_way_opens_it() -> None:
    assert (OPEN.state, OPEN.since, OPEN.trouble, OPEN.smtp_code) == ("open", NOW, "login_refused", 535)
    assert OPEN.try_at == NOW + timedelta(seconds=15)


@pytest.mark.parametrize(
    "outcome", [Accepted(), HUNG_UP, SILENT, GREYLISTED, Bounced("email_rejected", 550), Unanswered()]
)
def test_what_one_mail_meets_does_not_open_it(outcome: Outcome) -> None:
    assert judged(CLOSED, outcome) == CLOSED


@pytest.mark.parametrize("outcome", [REFUSED, Accepted(), GREYLISTED])
@pytest.mark.parametrize("circuit", [OPEN, replace(TRIED, probe=OTHER)])
def test_while_it_is_open_mails_that_began_before_say_nothing(circuit: Circuit, outcome: Outcome) -> None:
    assert judged(circuit, outcome) == circuit


@pytest.mark.parametrize("outcome", [Accepted(), GREYLISTED, Bounced("email_rejected", 550)])
def test_a_probe_that_the_server_judged_closes_it(outcome: Outcome) -> None:
    assert judged(TRIED, outcome) == Circuit("mail.example.se:25", "closed", NOW)


@pytest.mark.parametrize("outcome", [REFUSED, HUNG_UP, Unanswered()])
def test_a_probe_that_fails_leaves_it_open_for_twice_as_long(outcome: Outcome) -> None:
    circuit = judged(TRIED, outcome)
    assert (circuit.state, circuit.trouble, circuit.failures, circuit.since) == ("open", "login_refused", 2, NOW)
    assert (circuit.try_at, circuit.probe) == (NOW + timedelta(seconds=30), None)


@pytest.mark.parametrize(
    "outcome",
    [
        Deferred("interrupted", "us"),
        Deferred("internal_error", "relay"),
        Bounced("unprocessable"),
        Withheld(),
    ],
)
def test_a_probe_that_never_reached_the_server_is_followed_by_another(outcome: Outcome) -> None:
    circuit = judged(TRIED, outcome)
    assert (circuit.state, circuit.failures, circuit.try_at) == ("open", 1, NOW)


def test_waits_double_up_to_five_minutes() -> None:
    waits = [WAITS.after(failures, 0.5) / timedelta(seconds=1) for failures in (1, 2, 3, 4, 5, 6, 400)]
    assert waits == pytest.approx([15, 30, 60, 120, 240, 300, 300])


def heard(*attempts: tuple[int, Outcome]) -> list[Outcome]:
    """Mails by number and what was said of each, one after the other: what it means."""
    silent: frozenset[UUID] = frozenset()
    meant = []
    for number, said in attempts:
        silent, outcome = hear(silent, UUID(int=number), said)
        meant.append(outcome)
    return meant


def test_a_server_that_says_nothing_to_several_mails_in_a_row_opens_it() -> None:
    *one_mail_s, the_server_s = heard(*((number, SILENT) for number in range(SILENT_IN_A_ROW)))
    assert one_mail_s == [SILENT] * (SILENT_IN_A_ROW - 1)
    assert judged(CLOSED, the_server_s).trouble == "unreachable"


def test_silence_to_one_mail_may_be_its_recipient_s_however_often() -> None:
    assert heard(*[(1, SILENT)] * 9) == [SILENT] * 9


@pytest.mark.parametrize("answered", [Accepted(), HUNG_UP, GREYLISTED, Bounced("email_rejected", 550), REFUSED])
def test_whatever_the_server_does_about_a_mail_ends_its_silence(answered: Outcome) -> None:
    meant = heard((1, SILENT), (2, SILENT), (3, answered), (4, SILENT), (5, SILENT))
    assert meant == [SILENT, SILENT, answered, SILENT, SILENT]


@pytest.mark.parametrize("between", [Deferred("interrupted", "us"), Withheld(), Bounced("unprocessable"), Unanswered()])
def test_what_the_server_did_not_answer_breaks_no_silence(between: Outcome) -> None:
    assert heard((1, SILENT), (2, SILENT), (3, between), (4, SILENT))[-1] == replace(SILENT, trouble="unreachable")
