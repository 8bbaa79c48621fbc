"""E-mail addresses: as the wire needs them, and masked for people who only need to recognise them."""

import re
import unicodedata
from dataclasses import dataclass
from email.utils import unquote

_SENDER = re.compile(r"(?:(?P<name>[^<>]*?) *<(?P<bracketed>[^<>]+)>|(?P<alone>[^<>]+))")
_ATOM = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\W\x00-\x7f])+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")

_LONGEST, _LONGEST_LOCAL = 254, 64  # octets; RFC 5321 §4.5.3.1
ENCODED_WORD = "=?"
"""How one begins (RFC 2047). Where it stands in a header, readers find in it what we did not see: line breaks, too."""


class AddressInvalid(ValueError):
    """This cannot be put into an envelope."""


class SenderInvalid(ValueError):
    """Our own sender is none that mails can have: no fault of any mail."""


@dataclass(frozen=True, slots=True)
class WireAddress:
    """An address for envelope and header: its domain in ASCII (IDNA). `smtputf8`: the local part is not ASCII."""

    address: str
    smtputf8: bool


def for_the_wire(address: str) -> WireAddress:
    """Raises AddressInvalid, which names no address.

    Only what needs no quotes in an envelope or a header: a library that reads more into it would find another address.
    """
    local, _, domain = unicodedata.normalize("NFC", address).rpartition("@")
    if not _LOCAL.fullmatch(local) or ENCODED_WORD in local or len(local.encode()) > _LONGEST_LOCAL:
        raise AddressInvalid("this cannot stand before the @")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise AddressInvalid("the domain cannot be written in ASCII") from error
    # IDNA turns letters that look like @ < > , into those themselves
    if not _DOMAIN.fullmatch(ascii_domain) or len(f"{local}@{ascii_domain}".encode()) > _LONGEST:
        raise AddressInvalid("this is no domain")
    return WireAddress(f"{local}@{ascii_domain}", smtputf8=not local.isascii())


@dataclass(frozen=True, slots=True)
class Sender:
    """Who our mails are from. The address is ASCII, since not every server takes another."""

    name: str
    address: str


def read_sender(text: str) -> Sender:
    """Reads `Name <address>` or an address alone. Raises SenderInvalid."""
    written = _SENDER.fullmatch(text)
    if written is None or not text.isprintable() or ENCODED_WORD in text:
        raise SenderInvalid("write the sender as Name <address>, on one line")
    try:
        wire = for_the_wire(written["bracketed"] or written["alone"])
    except AddressInvalid as error:
        raise SenderInvalid(f"of the sender's address, {error}") from error
    if wire.smtputf8:
        raise SenderInvalid("the sender's address may have other letters than ASCII's in its domain alone")
    return Sender(unquote(written["name"] or ""), wire.address)


def masked(address: str) -> str:
    """`a•••@example.se`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
