"""Reads single fields of what was sent: each answers the normalised value, or notes what is wrong and answers None.

No text may hold a personal number: texts stand in events, tables and mails, and such a number in the vault alone.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.errors import Pointed
from services.onboarding.domain.disclosure import NumberDisclosed, discloses_a_number

MOST_FINDINGS = 100
LONGEST_POINTER = 200

_UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
"""Control characters, line breaks among them, and halves of characters, which UTF-8 cannot say."""

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[^\W_](?:(?:[^\W_]|-)*[^\W_])?")


@dataclass
class Findings:
    """Everything that is wrong with what was sent, found in one reading."""

    errors: list[Pointed] = field(default_factory=list)

    def add(self, pointer: str, code: str) -> None:
        if len(self.errors) < MOST_FINDINGS:
            self.errors.append(Pointed(pointer if len(pointer) <= LONGEST_POINTER else "", code))


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
    found.add(pointer, "required" if value is None else "invalid_choice")
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
    """An address; the domain may have å, ä and ö (IDNA) and is compared without regard to case, so it is lowered."""
    if value is None:
        found.add(pointer, "required")
        return None
    if isinstance(value, str):
        local, at, domain = unicodedata.normalize("NFC", value.strip(" ")).rpartition("@")
        address = f"{local}@{domain.lower()}"
        if at and len(address) <= 254 and len(local) <= 64 and _LOCAL.fullmatch(local) and _is_domain(domain.lower()):
            if not discloses_a_number(address):
                return address
            found.add(pointer, NumberDisclosed.code)
            return None
    found.add(pointer, "invalid_email")
    return None


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        return False
    try:
        return len(domain.encode("idna")) <= 253
    except UnicodeError:
        return False
