"""Finds personal and co-ordination numbers in texts: they are at home in the vault, and no other text may hold one."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from schemas.errors import Refused

COORDINATION_DAYS = 60  # a co-ordination number has the day of birth plus 60
CENTURIES = ("18", "19", "20")
DIGITS = "0123456789"
FEWEST_DIGITS = 10

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_WRITTEN_OTHERWISE = str.maketrans(
    {**dict.fromkeys(_DASHES, "-"), "\uff0b": "+"} | {chr(0xFF10 + digit): str(digit) for digit in range(10)}
)

# Blanks may stand anywhere, as where a number is read, and signs between the parts of the date, as in 1981-12-18-9876;
# another digit beside it makes it another number.
_APART = r"\s*(?:[-+./_]\s*)?"
_TEN = rf"(?:[0-9]\s*[0-9]{_APART}){{3}}[0-9](?:\s*[0-9]){{3}}(?![0-9])"
_TWELVE = rf"(?:1\s*[89]|2\s*0){_APART}{_TEN}"
_NUMBERS = tuple(re.compile(rf"(?<![0-9])(?=({written}))") for written in (_TEN, _TWELVE))
_MACHINE_MADE = re.compile(
    r"(?<![0-9A-Za-z])"
    r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[0-9]*[a-f])[0-9a-f]{16,})"
    r"(?![0-9A-Za-z])",
    re.IGNORECASE,
)
"""UUIDs and hexadecimal ids: one in ten thousand holds such digits by chance."""


class NumberDisclosed(Refused):
    """A personal number stands where it would be passed on."""

    code = "personal_number_not_allowed"


def discloses_a_number(text: str) -> bool:
    """Whether a text is or holds a personal or co-ordination number: a date of birth and its check digit.

    Any century will do where none is written, since the number of somebody not yet born is still a slip.
    """
    plain = text if text.isascii() else _plain(text)
    if sum(map(plain.count, DIGITS)) < FEWEST_DIGITS:  # most texts: this is read for every field of every request
        return False
    return any(_is_somebodys(digits) for digits in _written_in(_MACHINE_MADE.sub(" ", plain)))


def plainly_written(text: str) -> str:
    """The text with the dashes, plus signs and digits that a keyboard has."""
    return text.translate(_WRITTEN_OTHERWISE)


def check_digit_agrees(ten: str) -> bool:
    """Luhn over ten digits (weights 2, 1, 2, …)."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(ten))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _plain(text: str) -> str:
    """Digits of every script as ours, and without characters that nobody sees."""
    shown = (letter for letter in text if unicodedata.category(letter) != "Cf")
    return plainly_written("".join(str(unicodedata.decimal(letter, letter)) for letter in shown))


def _written_in(text: str) -> Iterator[str]:
    for numbers in _NUMBERS:
        for found in numbers.finditer(text):
            yield re.sub(r"[^0-9]", "", found[1])


def _is_somebodys(digits: str) -> bool:
    ten = digits[-10:]
    centuries = (digits[:2],) if len(digits) > len(ten) else CENTURIES
    return check_digit_agrees(ten) and any(_is_date(century + ten[:6]) for century in centuries)


def _is_date(digits: str) -> bool:
    day = int(digits[6:])
    try:
        date(int(digits[:4]), int(digits[4:6]), day - COORDINATION_DAYS if day > COORDINATION_DAYS else day)
    except ValueError:
        return False
    return True
