"""Pages of lists: how many, which words, and the cursor that says where the next page begins."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, TypeAdapter
from pydantic_core import PydanticCustomError

from schemas.errors import Pointed, Refused

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200
LONGEST_CURSOR = 400
VERSION = b"1"
CHECK_BYTES = 6

Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="most items of a page")]
After = Annotated[str | None, Query(description="`next` of the page before")]

_UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")


def _begins_with_a_year(value: Any) -> Any:
    if isinstance(value, str) and value[4:5] != "-":
        raise PydanticCustomError("invalid_date", "a number, or no date at all")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("invalid_date", "beyond the calendar in UTC") from None


Date = Annotated[AwareDatetime, BeforeValidator(_begins_with_a_year)]
"""A time of a parameter, as RFC 3339 writes it; a number, which pydantic takes for seconds since 1970, is none."""

Moment = Annotated[Date, AfterValidator(_in_utc)]
"""A time that a list is ordered by, or sought by in a table; one beyond the calendar in UTC is none."""

Place = TypeVar("Place")
Row = TypeVar("Row")


class InvalidCursor(Refused):
    """The cursor is none that this list gave out."""

    code = "invalid_cursor"


class WordsInvalid(Refused):
    """The words sought hold what no stored text can: control characters, NUL first among them."""

    code = "invalid_value"


class Cursors(Generic[Place]):
    """The cursors of one list. `place` is the type of what its rows are ordered by, such as `UUID` or a tuple.

    A cursor is opaque, and checked so that a cut one, another list's or another version's is refused. The check is no
    secret: a forged cursor shows nothing but another page of what its caller may see anyway.
    """

    def __init__(self, name: str, place: Any) -> None:
        self._name = name.encode()
        self._places: TypeAdapter[Place] = TypeAdapter(place)

    def write(self, place: Place) -> str:
        """The cursor of the page that begins after a place."""
        said = self._places.dump_json(place)
        return base64.urlsafe_b64encode(VERSION + self._check(said) + said).decode().rstrip("=")

    def read(self, cursor: str | None) -> Place | None:
        """The place that a cursor stands for; None without one, which is the first page. Raises InvalidCursor."""
        if not cursor:
            return None
        try:
            raw = base64.b64decode(cursor[:LONGEST_CURSOR] + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            place = self._places.validate_json(raw[len(VERSION) + CHECK_BYTES :])
            genuine = self.write(place) == cursor
        except (binascii.Error, ValueError):
            raise InvalidCursor from None
        if not genuine:
            raise InvalidCursor
        return place

    def page(
        self, rows: Sequence[Row], limit: int, place_of: Callable[[Row], Place]
    ) -> tuple[Sequence[Row], str | None]:
        """The rows of a page and the cursor of the next, from rows of which one more than `limit` was asked for."""
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], self.write(place_of(rows[limit - 1]))

    def _check(self, said: bytes) -> bytes:
        return blake2b(self._name + b"\x00" + said, digest_size=CHECK_BYTES).digest()


def sought(words: str) -> str:
    """The words of `q`, with single blanks. Raises WordsInvalid."""
    if _UNSEEN.search(words):
        raise WordsInvalid([Pointed("/q", WordsInvalid.code, "query")])
    return " ".join(words.split())
