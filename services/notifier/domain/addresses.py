"""E-mail addresses: as the wire needs them, and masked for people who only need to recognise them."""

import re
from dataclasses import dataclass
from email.utils import unquote

_SENDER = re.compile(r"(?:(?P<name>[^<>]*?) *<(?P<bracketed>[^<>]+)>|(?P<alone>[^<>]+))")
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*")


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
    """Raises AddressInvalid, which names no address."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or any(ord(letter) < 33 or ord(letter) == 127 for letter in address):
        raise AddressInvalid("not an address")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise AddressInvalid("the domain cannot be written in ASCII") from error
    return WireAddress(f"{local}@{ascii_domain}", smtputf8=not local.isascii())


@dataclass(frozen=True, slots=True)
class Sender:
    """Who our mails are from. The address is ASCII, since not every server takes another."""

    name: str
    address: str


def read_sender(text: str) -> Sender:
    """Reads `Name <address>` or an address alone. Raises SenderInvalid."""
    written = _SENDER.fullmatch(text)
    if written is None or not text.isprintable():
        raise SenderInvalid("write the sender as Name <address>, on one line")
    try:
        wire = for_the_wire(written["bracketed"] or written["alone"])
    except AddressInvalid as error:
        raise SenderInvalid(f"of the sender's address, {error}") from error
    if not is_plain(wire.address):
        raise SenderInvalid("the sender's address may have other letters than ASCII's in its domain alone")
    return Sender(unquote(written["name"] or ""), wire.address)


def is_plain(address: str) -> bool:
    """Whether an address is of letters that a header may have as they are."""
    return _PLAIN.fullmatch(address) is not None


def masked(address: str) -> str:
    """`a•••@example.se`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
