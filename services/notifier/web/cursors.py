"""The opaque marker of the next page of a list."""

import base64
import binascii
from collections.abc import Callable
from typing import TypeVar

from schemas.errors import Refused

Place = TypeVar("Place")


class InvalidCursor(Refused):
    """The cursor is none that a list of ours gave out."""

    code = "invalid_cursor"


def cursor(place: object) -> str:
    """A place as an opaque word."""
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def place(word: str | None, read: Callable[[str], Place]) -> Place | None:
    """The place that a cursor stands for. Raises InvalidCursor."""
    if word is None:
        return None
    try:
        return read(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode())
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise InvalidCursor from error
