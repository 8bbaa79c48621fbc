"""PROMISE: whatever a name or an address says, a mail has the headers that we gave it, and one recipient."""

import email
import re
from contextlib import suppress
from datetime import UTC, datetime
from email.policy import default

import pytest
from aiosmtplib.email import quote_address
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifier.domain.addresses import AddressInvalid, for_the_wire
from services.notifier.domain.message import Rendered, compose
from services.notifier.domain.names import shown
from tests.unit.notifier.hostile import ADDRESSES, FINE, NAMES

DATE = datetime(2026, 3, 2, 9, 42, tzinfo=UTC)
HEADERS = [
    "To",
    "Subject",
    "Message-ID",
    "Date",
    "From",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
]
LONGEST_LINE = 998  # RFC 5322 §2.1.1

NASTY = st.sampled_from(
    ["\r", "\n", "=?", "?=", "=?utf-8?q?", "=0D=0A", "=0A", "\u2028", "\x85", "\x00", "@", "<", ">", ","]
)
TEXTS = st.lists(NASTY | st.text(max_size=20), max_size=8).map("".join)
LETTERS = st.sampled_from("abcå09.!#$%&'*+/=?^_`{|}~-@<>(),:;\\\"[] \r\n\t\x00＠，．。\u202e")
LOCALS = st.text(LETTERS, min_size=1, max_size=12) | TEXTS


def composed(name: str = "Exempelbolaget AB", recipient: str = "anna@example.se") -> bytes:
    return compose(
        Rendered(f"{name} är upplagd", f"{name}\n", "<p>Hej</p>"),
        "Aktivera <a@b.se>",
        recipient,
        "<1@b.se>",
        DATE,
        "sv",
    )


def headers(content: bytes) -> list[tuple[str, str]]:
    """The lines of the head as the wire has them, unfolded."""
    head = content.partition(b"\r\n\r\n")[0].decode("utf-8")
    assert not re.search(r"\r(?!\n)|(?<!\r)\n|\x00", head)
    assert max(map(len, head.split("\r\n"))) <= LONGEST_LINE
    lines = re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def harmless(content: bytes, recipient: str) -> None:
    found = headers(content)
    assert [name for name, _ in found] == HEADERS
    assert found[0][1] == for_the_wire(recipient).address


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_of_the_corpus_adds_no_header(name: str) -> None:
    with suppress(ValueError):
        harmless(composed(name), "anna@example.se")


@pytest.mark.parametrize("name", ["=?utf-8?q?Bolaget=0D=0ABcc:_x?=", "Bo =?x", "a" * 200, "å" * 200, 'a"b\\c <d@e.se>'])
def test_a_name_is_read_as_it_was_given(name: str) -> None:
    message = email.message_from_bytes(composed(name), policy=default)
    source = dict(headers(composed(name)))["Subject"]
    assert str(message["Subject"]) == f"{name} är upplagd"
    assert "=?utf-8?q?Bolaget" not in source


@given(TEXTS)
@example(f"=?utf-8?q?{'=0D=0A' * 3}Bcc:_x?=")
def test_no_name_at_all_adds_a_header(name: str) -> None:
    with suppress(ValueError):
        harmless(composed(name), "anna@example.se")


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_of_the_corpus_is_refused(address: str) -> None:
    with pytest.raises(AddressInvalid):
        for_the_wire(address)
    with pytest.raises(AddressInvalid):
        composed(recipient=address)


@pytest.mark.parametrize(("address", "wire"), FINE.items())
def test_an_address_that_is_one_is_taken(address: str, wire: str) -> None:
    assert for_the_wire(address).address == wire
    harmless(composed(recipient=address), address)


@given(LOCALS, LOCALS)
@example("anna", "example.se＠example.org")
@example("=?utf-8?q?a=0D=0ABcc:x?=", "example.se")
def test_no_address_at_all_is_read_as_another_or_as_two(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    with suppress(AddressInvalid):
        wire = for_the_wire(address).address
        assert quote_address(wire) == f"<{wire}>"
        assert (wire.count("@"), len(wire.encode()) <= 254) == (1, True)
        harmless(composed(recipient=address), address)


def test_a_name_does_not_turn_the_words_around_it() -> None:
    assert shown(NAMES["bidi override"]) == "Bolaget gnp.exe"
    assert shown(NAMES["bidi isolate"]) == "Bolaget"
    assert shown("Åkeri & Söner 🙂") == "Åkeri & Söner 🙂"
