"""What a refusal is about: this mail, or the mail server as a whole."""

import pytest

from services.notifier.domain.troubles import (
    Trouble,
    at_greeting,
    at_login,
    at_mail,
    at_sender,
    blames_sender,
    cannot_be_spoken,
    is_rate_limit,
)

TOO_MUCH = [
    (421, "4.7.28 Gmail has detected an unusual rate of mail"),
    (550, "5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to"),
    (550, "5.4.5 Daily sending quota exceeded."),
    (454, "Throttling failure: Maximum sending rate exceeded."),
    (554, "Throttling failure: Daily message quota exceeded."),
    (450, "4.7.1 Error: too much mail from 192.0.2.1"),
    (421, "4.7.0 mail.example.se Error: too many connections from 192.0.2.1"),
    (421, "4.3.2 The maximum number of concurrent connections has exceeded a limit, closing transmission channel"),
    (550, "5.7.233 Your tenant exceeded the daily message limit"),
    (451, "4.7.500 Server busy, throttled"),
    (550, "Message rate limit exceeded, try again later"),
]
OF_ONE_MAIL = [
    (452, "4.2.2 The email account that you tried to reach is over quota"),
    (552, "5.2.2 Mailbox size limit exceeded"),
    (450, "4.2.1 The user you are trying to contact is receiving mail at a rate that prevents"),
    (451, "4.7.1 Greylisted, try again in 300 seconds"),
    (550, "5.1.1 No such user"),
    (552, "5.3.4 Message size exceeds fixed limit"),
    (250, "2.0.0 Ok: rate limit not reached"),
    (450, "4.1.1 unverified address: mailbox busy, too many messages"),
]


@pytest.mark.parametrize(("code", "text"), TOO_MUCH)
def test_that_we_send_too_much_is_the_server_s_word_about_all_mails(code: int, text: str) -> None:
    assert is_rate_limit(code, text)
    assert {at(code, text) for at in (at_greeting, at_login, at_sender, at_mail)} == {"rate_limited"}


@pytest.mark.parametrize(("code", "text"), OF_ONE_MAIL)
def test_a_full_mailbox_a_greylist_and_an_unknown_user_are_one_mail_s(code: int, text: str) -> None:
    assert not is_rate_limit(code, text)
    assert at_mail(code, text) is None


@pytest.mark.parametrize(
    ("code", "trouble"), [(530, "login_refused"), (535, "login_refused"), (554, "refused"), (421, "unreachable")]
)
def test_a_greeting_that_is_none(code: int, trouble: Trouble) -> None:
    assert at_greeting(code, "no") == trouble


@pytest.mark.parametrize(("code", "trouble"), [(535, "login_refused"), (550, "login_refused"), (454, "unreachable")])
def test_a_login_that_is_refused(code: int, trouble: Trouble) -> None:
    assert at_login(code, "no") == trouble


@pytest.mark.parametrize(
    ("code", "trouble"),
    [(550, "sender_refused"), (553, "sender_refused"), (530, "login_refused"), (451, "unreachable")],
)
def test_a_sender_that_is_refused(code: int, trouble: Trouble) -> None:
    assert at_sender(code, "no") == trouble


def test_a_login_that_is_missed_at_the_recipient() -> None:
    assert at_mail(530, "5.7.0 Authentication required") == "login_refused"
    assert at_mail(550, "5.1.1 No such user") is None


def test_a_receiver_that_refuses_our_sender_blames_the_sender() -> None:
    assert blames_sender(550, "5.1.8 Sender address rejected: Domain not found")
    assert blames_sender(550, "5.7.26 This mail is unauthenticated")
    assert not blames_sender(550, "5.1.1 No such user")


def test_a_server_that_cannot_write_an_address_refuses_that_mail() -> None:
    assert cannot_be_spoken(553, "5.6.7 non-ASCII address")
    assert not cannot_be_spoken(550, "5.7.1 who are you")
