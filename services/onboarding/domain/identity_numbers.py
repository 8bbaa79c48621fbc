"""Swedish identity numbers: organisation, personal and co-ordination numbers, read as people write them."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from schemas.personal_numbers import COORDINATION_DAYS, check_digit_agrees, plainly_written

NumberKind = Literal["organisation", "person", "coordination"]

HIDDEN = "••••"
_WRITTEN = re.compile(r"(?P<century>[0-9]{2})?(?P<ten>[0-9]{6}(?P<sign>[-+])?[0-9]{4})")


class NumberInvalid(Exception):
    """The text is no such number; `code` (schemas/errors) says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A number in its canonical twelve digits: `16` before an organisation number, the century before a person's."""

    canonical: str
    kind: NumberKind

    def __repr__(self) -> str:
        return f"IdentityNumber({self.masked if self.kind != 'organisation' else self.canonical}, {self.kind})"

    @property
    def written(self) -> str:
        """The usual ten digits, `556036-0793`."""
        return f"{self.canonical[2:8]}-{self.canonical[8:]}"

    @property
    def masked(self) -> str:
        """What may be shown of a person's number: `811218-••••`. An organisation's is public."""
        return self.written if self.kind == "organisation" else f"{self.canonical[2:8]}-{HIDDEN}"


def organisation_number(text: str, today: date) -> IdentityNumber:
    """Reads an organisation number. Raises NumberInvalid.

    `identity_is_personal` where it is a person's number, which protects people who type theirs in the wrong field.
    """
    century, ten, sign = _parts(text, "invalid_org_number")
    if century not in {"", "16"} or ten[2] < "2":
        raise NumberInvalid("identity_is_personal" if _is_personal(text, today) else "invalid_org_number")
    if sign == "+":
        raise NumberInvalid("invalid_org_number")
    if not check_digit_agrees(ten):
        raise NumberInvalid("invalid_check_digit")
    return IdentityNumber("16" + ten, "organisation")


def personal_number(text: str, today: date) -> IdentityNumber:
    """Reads a personal or co-ordination number. Raises NumberInvalid.

    Without a century, `-` says younger than the calendar year of turning 100, `+` says older.
    """
    given, ten, sign = _parts(text, "invalid_personal_number")
    if given not in {"", "18", "19", "20"}:
        raise NumberInvalid("invalid_personal_number")
    century = given or _century(int(ten[:2]), sign, today)
    day = int(ten[4:6])
    coordination = day > COORDINATION_DAYS
    born = _date(int(century + ten[:2]), int(ten[2:4]), day - COORDINATION_DAYS if coordination else day)
    if not check_digit_agrees(ten):
        raise NumberInvalid("invalid_check_digit")
    if born > today:
        raise NumberInvalid("identity_date_in_future" if given or sign else "identity_century_required")
    return IdentityNumber(century + ten, "coordination" if coordination else "person")


def _parts(text: str, code: str) -> tuple[str, str, str]:
    """Century (may be empty), ten digits, sign (may be empty)."""
    found = _WRITTEN.fullmatch(plainly_written("".join(text.split())))
    if found is None:
        raise NumberInvalid(code)
    return found["century"] or "", re.sub("[-+]", "", found["ten"]), found["sign"] or ""


def _century(year: int, sign: str, today: date) -> str:
    """The century whose year `…yy` lies in the hundred years that the sign stands for, this year being the last."""
    latest = today.year - 100 if sign == "+" else today.year
    return str(latest - (latest - year) % 100)[:2]


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NumberInvalid("invalid_personal_number") from None


def _is_personal(text: str, today: date) -> bool:
    try:
        personal_number(text, today)
    except NumberInvalid as error:
        # a date to come is still somebody's number, and must not be stored as an organisation's
        return error.code in {"identity_date_in_future", "identity_century_required"}
    return True
