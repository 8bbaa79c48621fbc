"""E-mail addresses: as the wire needs them, and masked for people who only need to recognise them."""

from dataclasses import dataclass


class AddressInvalid(ValueError):
    """This cannot be put into an envelope."""


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


def masked(address: str) -> str:
    """`a•••@example.se`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"
