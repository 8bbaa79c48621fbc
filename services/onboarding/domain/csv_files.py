"""A file of new clients: CSV whose columns are the three steps flattened, read into contents as the API would take."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.errors import Refused
from schemas.programs import PROGRAMS
from services.onboarding.domain.fields import below

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 10_000
MOST_COLUMNS = 100
LONGEST_CELL = 2000
"""Of a longer cell the rest is left out: every rule refuses it long before."""

COUNTS = "licences.counts."
FLAGS = frozenset({"access.program_access", "details.protected_identity", "confirm_duplicate", "connected"})
NEEDED = (
    "access.program_access",
    "access.invoice_interval",
    "details.name",
    "details.identity.kind",
    "details.identity.number",
    "licences.confirmation_email",
)
COLUMNS = (
    "access.program_access",
    "access.invoice_recipient",
    "access.invoice_interval",
    "details.name",
    "details.identity.kind",
    "details.identity.number",
    "details.identity.responsible_person",
    "details.protected_identity",
    "details.address.street",
    "details.address.postal_code",
    "details.address.city",
    "details.address.country",
    "licences.confirmation_email",
    "external_ref",
    "responsible_consultant",
    "locale",
    "confirm_duplicate",
    "connected",
)

CHARSETS: Mapping[str | None, tuple[str, ...]] = {
    None: ("utf-8", "cp1252"),
    **dict.fromkeys(("utf-8", "utf8", "us-ascii"), ("utf-8",)),
    **dict.fromkeys(("windows-1252", "cp1252", "iso-8859-1", "latin1"), ("cp1252",)),
}
"""What a sender may say of the letters → how they are tried to be read."""

_BOM = b"\xef\xbb\xbf"
_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "ja", "sant"), True),
    **dict.fromkeys(("false", "0", "no", "nej", "falskt"), False),
}
_WHOLE = re.compile(r"-?[0-9]{1,9}")


class FileUnreadable(Refused):
    """The file is no CSV with the columns of the template; the facts say why and where, and repeat nothing of it.

    What is no file of ours may hold anything, a personal number first: only columns that we know are named.
    """

    code = "invalid_csv"


class FileTooLarge(Refused):
    """The file has more bytes, rows or columns than are taken at once."""

    code = "payload_too_large"


@dataclass(frozen=True, slots=True)
class Row:
    """One client of the file. `number` counts the rows from 1 behind the header, `line` the lines of the file.

    `fits`: no more cells than columns. `unknown`: the places of cells whose columns are not known, and not read.
    """

    number: int
    line: int
    content: Mapping[str, Any] = field(repr=False)
    fits: bool = True
    unknown: tuple[str, ...] = ()


def template() -> str:
    """The header with all columns, as Excel in Swedish opens it: a byte order mark, and semicolons."""
    programs = [COUNTS + name for name, each in PROGRAMS.programs.items() if each.orderable and not each.retired]
    return "\ufeff" + ";".join((*COLUMNS, *programs)) + "\r\n"


def read_file(data: bytes, charset: str | None) -> list[Row]:
    """The rows of a file; those that are empty are passed over. Raises FileUnreadable, FileTooLarge."""
    if len(data) > MOST_BYTES:
        raise FileTooLarge(largest_bytes=MOST_BYTES)
    text = decoded(data, charset)
    records = _records(text, _delimiter(text))
    _, header = next(records, (0, []))
    columns = _columns(header)
    passed_over = {name: _place(name) for name in columns if not _is_known(name)}
    rows: list[Row] = []
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) >= MOST_ROWS:
            raise FileTooLarge(most_rows=MOST_ROWS)
        fits = len(cells) <= len(columns) or not any(cell.strip() for cell in cells[len(columns) :])
        row = dict(zip(columns, cells, strict=False))
        unknown = tuple(place for name, place in passed_over.items() if row.get(name, "").strip())
        read = {name: cell for name, cell in row.items() if name not in passed_over}
        rows.append(Row(len(rows) + 1, line, content_of(read), fits, unknown))
    if not rows:
        raise FileUnreadable(reason="no_rows")
    return rows


def content_of(cells: Mapping[str, str]) -> dict[str, Any]:
    """The content that the cells of one row say; an empty cell says nothing, as a value that is left out."""
    content: dict[str, Any] = {}
    for column, cell in cells.items():
        if not cell.strip():
            continue
        *parents, last = (
            [COUNTS.split(".")[0], "counts", column[len(COUNTS) :]]
            if column.startswith(COUNTS)
            else (column.split("."))
        )
        place = content
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = _value(column, cell[: LONGEST_CELL + 1])
    return content


def _value(column: str, cell: str) -> Any:
    """The cell in the type of its column; one that is none stays the text that the rule book will refuse."""
    word = cell.strip()
    if column in FLAGS:
        return _WORDS.get(word.casefold(), word)
    if column.startswith(COUNTS):
        return int(word) if word.isascii() and _WHOLE.fullmatch(word) else word
    return word if column.endswith((".kind", "_interval", "_recipient", "locale", ".number")) else cell


def decoded(data: bytes, charset: str | None) -> str:
    """UTF-8, with a mark before it or without; what is none is taken for Windows-1252, unless the sender said."""
    if b"\x00" in data[:1000]:
        raise FileUnreadable(reason="encoding")  # UTF-16, or no text at all
    if charset not in CHARSETS:
        raise FileUnreadable(reason="charset")
    for name in CHARSETS[charset]:
        try:
            return data.removeprefix(_BOM).decode(name)
        except UnicodeDecodeError:
            continue
    raise FileUnreadable(reason="encoding")


def _delimiter(text: str) -> str:
    """The one by which more of the header's columns are known."""
    header = text.split("\n", 1)[0]
    return max(";,", key=lambda each: sum(_plain(cell) in COLUMNS for cell in header.replace('"', "").split(each)))


def _records(text: str, delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    """(the line that a record begins in, its cells)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise FileUnreadable(reason="quoting", line=line) from None


def _columns(header: Sequence[str]) -> list[str]:
    """The header's names. Raises FileUnreadable where one stands twice, or is missing."""
    if len(header) > MOST_COLUMNS:
        raise FileTooLarge(most_columns=MOST_COLUMNS)
    names = [_plain(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise FileUnreadable(reason="columns_missing", columns=missing)
    twice = [place for place, name in enumerate(names, 1) if _is_known(name) and name in names[: place - 1]]
    if twice:
        raise FileUnreadable(reason="columns_twice", places=twice)
    return names


def _is_known(name: str) -> bool:
    return name in COLUMNS or name.startswith(COUNTS)


def _place(column: str) -> str:
    """Where the cells of a column would stand in a content; the whole of it where the name may not be repeated."""
    return below("", column).replace(".", "/") if column else ""


def _plain(cell: str) -> str:
    return cell.strip().casefold()
