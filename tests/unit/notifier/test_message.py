"""The bytes of a mail, its address and its identity."""

import email
import re
from binascii import a2b_qp
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.notifier.domain.addresses import (
    AddressInvalid,
    Sender,
    SenderInvalid,
    for_the_wire,
    masked,
    read_sender,
)
from services.notifier.domain.draft import message_id
from services.notifier.domain.mail import Bounced, Deferred
from services.notifier.domain.message import Rendered, compose
from services.notifier.mailer import accepted_or_not, on_the_wire
from services.notifier.settings import NotifierSettings

DATE = datetime(2026, 3, 2, 9, 42, tzinfo=UTC)
RENDERED = Rendered("Åkeri & Söner är upplagd", "Hej!\n.punkt\n", '<p lang="sv">Hej!</p>')


def composed(
    recipient: str = "anna@example.se",
    rendered: Rendered = RENDERED,
    sender: str = "Aktivera <no-reply@aktivera.se>",
) -> bytes:
    return compose(rendered, sender, recipient, "<1@aktivera.se>", DATE, "sv")


def test_a_mail_has_text_and_html_and_its_language() -> None:
    message = email.message_from_bytes(composed(), policy=default)
    assert message["Subject"] == RENDERED.subject
    assert message["Content-Language"] == "sv"
    assert message["Message-ID"] == "<1@aktivera.se>"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == RENDERED.text


def test_every_line_ends_with_crlf() -> None:
    assert composed().replace(b"\r\n", b"").count(b"\n") == 0
    assert composed().isascii()


TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["\n", "\r\n", ".", " ", "=", "\t"])
)


@given(TEXTS.map("".join), TEXTS.map("".join))
@example(".\n..\n. \n", "å" * 500)
@example("x" * 75 + " \t" * 40, "0000\x1f\x80\x80\x80\x80\x800000\x1f\x80\x80\x80\x80\x80 ")
def test_a_reader_gets_text_and_html_as_they_were_in_lines_that_mail_allows(text: str, html: str) -> None:
    """RFC 2045 §6.7: no line of quoted-printable has more than 76 letters, nor ends with a space."""
    content = composed(rendered=Rendered("x", text, html))
    parts = content.split(b"\r\n\r\n")[1:]
    assert all(len(line) <= 76 and not line.endswith((b" ", b"\t")) for part in parts for line in part.split(b"\r\n"))
    message = email.message_from_bytes(content, policy=default)
    for part, given_ in zip(message.iter_parts(), (text, html), strict=True):
        read = part.get_payload(decode=True)
        assert isinstance(read, bytes)
        assert read.splitlines() == given_.encode().splitlines()


@pytest.mark.parametrize("subject", ["Åkeri & Söner är upplagd", "ö" * 80, "𝄞" * 40, "a " * 60, "x=?y?=_z\u00a0"])
def test_a_subject_is_read_as_it_was_in_words_that_mail_allows(subject: str) -> None:
    """RFC 2047 §2: a line with encoded words has at most 76 letters, and each word is whole letters."""
    content = composed(rendered=Rendered(subject, "", ""))
    head, _, _ = content.partition(b"\r\nMessage-ID")
    assert all(len(line) <= 76 for line in head.split(b"\r\n"))
    assert email.message_from_bytes(content, policy=default)["Subject"] == subject
    for word in re.findall(rb"=\?utf-8\?q\?(.*?)\?=", head):
        a2b_qp(word, header=True).decode()


def test_the_same_mail_is_the_same_bytes() -> None:
    assert composed() == composed()


def test_a_line_break_in_the_subject_is_refused() -> None:
    with pytest.raises(ValueError):
        composed(rendered=Rendered("Bolaget\r\nBcc: all@example.se", "", ""))


@pytest.mark.parametrize("address", ["a\r\nRCPT TO:<b@example.se>@example.se", "a b@example.se", "@example.se", "anna"])
def test_an_address_that_could_say_more_is_refused(address: str) -> None:
    with pytest.raises(AddressInvalid):
        composed(recipient=address)


def test_a_swedish_domain_goes_out_in_ascii() -> None:
    wire = for_the_wire("info@räksmörgås.se")
    assert (wire.address, wire.smtputf8) == ("info@xn--rksmrgs-5wao1o.se", False)


def test_a_swedish_local_part_needs_smtputf8() -> None:
    assert for_the_wire("åsa@example.se").smtputf8
    assert "åsa@example.se".encode() in composed("åsa@example.se")


def test_an_address_is_masked() -> None:
    assert masked("anna@example.se") == "a•••@example.se"


def test_the_message_id_is_the_same_for_every_attempt_and_another_for_every_mail() -> None:
    first = message_id("confirmation", "c", "anna@example.se", 0, "aktivera.se")
    assert first == message_id("confirmation", "c", "Anna@example.se", 0, "aktivera.se")
    others = {
        message_id("reminder", "c", "anna@example.se", 0, "aktivera.se"),
        message_id("confirmation", "d", "anna@example.se", 0, "aktivera.se"),
        message_id("confirmation", "c", "erik@example.se", 0, "aktivera.se"),
        message_id("confirmation", "c", "anna@example.se", 1, "aktivera.se"),
    }
    assert len(others | {first}) == 5


def test_dots_at_line_starts_are_doubled_and_a_dot_ends_the_content() -> None:
    assert on_the_wire(b"a\r\n.b\r\nc.\r\n..\r\n") == b"a\r\n..b\r\nc.\r\n...\r\n.\r\n"
    assert on_the_wire(b"a") == b"a\r\n.\r\n"


@pytest.mark.parametrize(
    ("written", "sender"),
    [
        ("Aktivera <no-reply@aktivera.se>", Sender("Aktivera", "no-reply@aktivera.se")),
        ("no-reply@aktivera.se", Sender("", "no-reply@aktivera.se")),
        ('"Åke & Co, Byrå" <x@räksmörgås.se>', Sender("Åke & Co, Byrå", "x@xn--rksmrgs-5wao1o.se")),
    ],
)
def test_a_sender_is_a_name_and_an_address_whose_domain_is_ascii(written: str, sender: Sender) -> None:
    assert read_sender(written) == sender
    assert NotifierSettings(database_dsn="", link_keys_file=Path("unread"), mail_from=written).mail_from == written
    assert sender.address.encode() in composed(sender=written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Aktivera",
        "a@",
        "a@b.se\r\nBcc: all@example.se",
        "Aktivera\n <a@b.se>",
        "Aktivera\x00 <a@b.se>",
        "åsa@example.se",
        "A <a@b.se>, B <b@b.se>",
        "a b@example.se",
        "a@b..se",
        "a@-b.se",
    ],
)
def test_a_sender_that_mails_cannot_have_is_no_setting_and_no_fault_of_a_mail(written: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NotifierSettings(database_dsn="", link_keys_file=Path("unread"), mail_from=written)
    assert [error["loc"] for error in refused.value.errors()] == [("mail_from",)]
    with pytest.raises(SenderInvalid):
        composed(sender=written)


@pytest.mark.parametrize("domain", ["", "a b", "a\r\nb", "räksmörgås.se", "-a.se"])
def test_a_mail_domain_that_no_header_can_have_is_no_setting(domain: str) -> None:
    with pytest.raises(ValidationError):
        NotifierSettings(database_dsn="", link_keys_file=Path("unread"), mail_domain=domain)


@pytest.mark.parametrize(
    "answer",
    [
        "5.1.8 <no-reply@aktivera.se>: Sender address rejected: Domain not found",
        "5.1.7 bad sender",
        "5.7.26 unauthenticated",
        "5.7.23 SPF",
    ],
)
def test_a_receiver_that_will_not_have_our_sender_is_asked_again_as_one_that_puts_the_mail_off(answer: str) -> None:
    assert accepted_or_not(550, answer) == Deferred("email_rejected", "mail", 550)


@pytest.mark.parametrize("answer", ["5.1.1 no such user", "5.1.10 null MX", "5.7.1 not wanted", "no such user", ""])
def test_any_other_refusal_is_the_mail_s(answer: str) -> None:
    assert accepted_or_not(550, answer) == Bounced("email_rejected", 550)
