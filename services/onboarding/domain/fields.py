"""Reads single fields of what was sent: each answers the normalised value, or notes what is wrong and answers None.

No text may hold a personal number: texts stand in events, tables and mails, and such a number in the vault alone.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas import email_addresses
from schemas.errors import Pointed
from schemas.personal_numbers import NumberDisclosed, discloses_a_number

MOST_FINDINGS = 100
LONGEST_POINTER = 200

_UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
"""Control characters, line breaks among them, and halves of characters, which UTF-8 cannot say."""


@dataclass
class Findings:
    """Everything that is wrong with what was sent, found in one reading."""

    errors: list[Pointed] = field(default_factory=list)

    def add(self, pointer: str, code: str, choices: Sequence[str] = ()) -> None:
        if len(self.errors) < MOST_FINDINGS:
            place = pointer if len(pointer) <= LONGEST_POINTER else ""
            self.errors.append(Pointed(place, code, choices=tuple(choices)))


def below(pointer: str, name: str) -> str:
    """The place of a member (RFC 6901); that of its object where the name is one that may not be repeated."""
    if not name.isprintable() or discloses_a_number(name):
        return pointer
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def obj(found: Findings, value: Any, pointer: str) -> Mapping[str, Any] | None:
    """A JSON object."""
    if isinstance(value, Mapping):
        return value
    found.add(pointer, "required" if value is None else "invalid_value")
    return None


def text(
    found: Findings,
    value: Any,
    pointer: str,
    *,
    longest: int = 200,
    missing: str = "required",
    long: str = "value_too_long",
) -> str | None:
    """A text on one line: composed (NFC), without outer blanks and with single inner ones."""
    if not isinstance(value, str):
        found.add(pointer, missing if value is None else "invalid_value")
        return None
    clean = normalised(value)
    if clean is None:
        found.add(pointer, "invalid_value")
    elif not clean:
        found.add(pointer, missing)
    elif len(clean) > longest:
        found.add(pointer, long)
    elif discloses_a_number(clean):
        found.add(pointer, NumberDisclosed.code)
    else:
        return clean
    return None


def normalised(value: str) -> str | None:
    """A text composed (NFC), without outer blanks and with single inner ones; None where it has what nobody sees."""
    return None if _UNSEEN.search(value) else " ".join(unicodedata.normalize("NFC", value).split())


def optional_text(found: Findings, value: Any, pointer: str, *, longest: int = 200) -> str | None:
    """As `text`, and absent where it is null."""
    return None if value is None else text(found, value, pointer, longest=longest)


def choice(found: Findings, value: Any, pointer: str, choices: Sequence[str], default: str | None = None) -> str | None:
    """One of the choices; `default` where nothing is given."""
    if value is None and default is not None:
        return default
    if isinstance(value, str) and value in choices:
        return value
    found.add(pointer, "required" if value is None else "invalid_choice", choices)
    return None


def flag(found: Findings, value: Any, pointer: str, default: bool | None = None) -> bool | None:
    """True or false; `default` where nothing is given."""
    if value is None and default is not None:
        return default
    if isinstance(value, bool):
        return value
    found.add(pointer, "required" if value is None else "invalid_value")
    return None


def email(found: Findings, value: Any, pointer: str) -> str | None:
    """An address, as `schemas.email_addresses` keeps it."""
    if value is None:
        found.add(pointer, "required")
        return None
    address = email_addresses.normalised(value) if isinstance(value, str) else None
    if address is None:
        found.add(pointer, "invalid_email")
    elif discloses_a_number(address):
        found.add(pointer, NumberDisclosed.code)
    else:
        return address
    return None
