"""Files of new clients: read as people and spreadsheets write them, or refused by what is wrong with them."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.onboarding.domain import csv_files
from services.onboarding.domain.csv_files import FileTooLarge, FileUnreadable, content_of, read_file, template
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import association, content
from tests.unit.onboarding.files import csv_of

WHOLE = content(external_ref="A-1", confirm_duplicate=True)
REQUIRED = ";".join(csv_files.NEEDED)


def facts(data: bytes, charset: str | None = None) -> dict[str, Any]:
    with pytest.raises(FileUnreadable) as refused:
        read_file(data, charset)
    return refused.value.facts


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize(
    ("encoding", "charset"), [("utf-8", None), ("utf-8-sig", None), ("cp1252", None), ("cp1252", "windows-1252")]
)
def test_a_row_is_the_content_that_the_api_takes(encoding: str, charset: str | None, delimiter: str) -> None:
    (row,) = read_file(csv_of(WHOLE, delimiter=delimiter).encode(encoding), charset)
    assert (row.number, row.line, row.fits) == (1, 2, True)
    assert row.content == WHOLE


def test_empty_cells_are_values_that_are_left_out() -> None:
    (row,) = read_file(csv_of(content(details__address=..., licences__counts={})).encode(), None)
    assert "address" not in row.content["details"]
    assert "counts" not in row.content["licences"]


def test_quoted_cells_may_hold_delimiters_quotes_and_lines() -> None:
    first, second = content(details__name='Berg; "Bygg", AB\nLund'), content(details__identity=association())
    rows = read_file(csv_of(first, second).encode(), None)
    assert [row.content for row in rows] == [first, second]
    assert [row.line for row in rows] == [2, 4]


def test_rows_without_anything_are_passed_over() -> None:
    text = csv_of(content()).rstrip() + "\r\n;;;\r\n\r\n" + csv_of(content()).splitlines()[1] + "\r\n"
    assert [(row.number, row.line) for row in read_file(text.encode(), None)] == [(1, 2), (2, 5)]


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("connected", "JA", True),
        ("connected", "0", False),
        ("connected", "kanske", "kanske"),
        ("licences.counts.payroll", " 12 ", 12),
        ("licences.counts.payroll", "-1", -1),
        ("licences.counts.payroll", "1,5", "1,5"),
        ("licences.counts.payroll", "1" * 5000, "1" * 2001),
        ("locale", " sv ", "sv"),
        ("external_ref", "=1+1", "=1+1"),
        ("external_ref", "x" * 5000, "x" * 2001),
    ],
)
def test_a_cell_has_the_type_of_its_column_or_stays_as_it_is(column: str, cell: str, value: Any) -> None:
    read: Any = content_of({column: cell})
    for part in column.split("."):
        read = read[part]
    assert read == value


def test_a_row_with_more_cells_than_columns_does_not_fit() -> None:
    text = f"{REQUIRED}\ntrue;month;A;organisation;556036-0793;a@b.se;more\ntrue;month;A;organisation;1;a@b.se; ;\n"
    assert [row.fits for row in read_file(text.encode(), None)] == [False, True]


def test_a_column_that_is_not_known_is_passed_over_and_its_place_told_where_a_cell_is_filled() -> None:
    cells = "true;month;A;organisation;556036-0793;a@b.se"
    header = f"{REQUIRED};details.nmae;access;811218-9876;;details.nmae"
    text = f"{header}\n{cells};x;y;z;w\n{cells};;y;; ;\n{cells}\n"
    rows = read_file(text.encode(), None)
    assert [row.unknown for row in rows] == [("/details/nmae", "/access", "", ""), ("/access",), ()]
    assert all(row.content["access"] == {"program_access": True, "invoice_interval": "month"} for row in rows)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "columns_missing"),
        (b"name;number\nEva;811218-9876\n", "columns_missing"),
        (f"{REQUIRED};details.name\n".encode(), "columns_twice"),
        (f"{REQUIRED}\n".encode(), "no_rows"),
        (f'{REQUIRED}\ntrue;"month;A\n'.encode(), "quoting"),
        (csv_of(content()).encode("utf-16"), "encoding"),
        (REQUIRED.encode() + b"\n\x81\n", "encoding"),
    ],
)
def test_what_is_no_such_file_is_refused_by_reason_and_nothing_of_it_is_repeated(data: bytes, reason: str) -> None:
    told = facts(data)
    assert told["reason"] == reason
    assert not tells_number(str(told))


def test_a_charset_that_is_said_is_held_to() -> None:
    assert facts(csv_of(content()).encode("cp1252"), "utf-8")["reason"] == "encoding"
    assert facts(csv_of(content()).encode(), "koi8-r")["reason"] == "charset"


def test_a_file_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    data = csv_of(content(), content(), content()).encode()
    monkeypatch.setattr(csv_files, "MOST_ROWS", 3)
    assert len(read_file(data, None)) == 3
    for name, value in (("MOST_ROWS", 2), ("MOST_COLUMNS", 5), ("MOST_BYTES", 100)):
        with monkeypatch.context() as bounded:
            bounded.setattr(csv_files, name, value)
            with pytest.raises(FileTooLarge) as refused:
                read_file(data, None)
            assert refused.value.facts


def test_the_template_is_a_file_without_rows() -> None:
    assert facts(template().encode()) == {"reason": "no_rows"}


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda rows: f"{REQUIRED}\n{rows}".encode()))
def test_whatever_is_sent_is_read_or_refused(data: bytes) -> None:
    with suppress(FileUnreadable):
        read_file(data, None)
