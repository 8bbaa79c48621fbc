"""The bytes of a mail, its address and its identity."""

import email
from datetime import UTC, datetime
from email.policy import default

import pytest

from services.notifier.domain.addresses import AddressInvalid, for_the_wire, masked
from services.notifier.domain.draft import message_id
from services.notifier.domain.message import Rendered, compose
from services.notifier.mailer import on_the_wire

DATE = datetime(2026, 3, 2, 9, 42, tzinfo=UTC)
RENDERED = Rendered("Åkeri & Söner är upplagd", "Hej!\n.punkt\n", '<p lang="sv">Hej!</p>')


def composed(recipient: str = "anna@example.se", rendered: Rendered = RENDERED) -> bytes:
    return compose(rendered, "Aktivera <no-reply@aktivera.se>", recipient, "<1@aktivera.se>", DATE, "sv")


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
