"""Cursors of lists: each reads as the place it was made from, and nothing else is one."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from chassis.paging import Cursors, InvalidCursor, Moment, WordsInvalid, sought

Entry = tuple[datetime, UUID]
ENTRIES: Cursors[Entry] = Cursors("entries", tuple[Moment, UUID])
OTHERS: Cursors[Entry] = Cursors("others", tuple[Moment, UUID])
NUMBERS: Cursors[int] = Cursors("numbers", Annotated[int, Field(ge=0, le=2**63 - 1)])
PLACE = (datetime(2026, 3, 2, 9, 42, tzinfo=UTC), UUID(int=7))


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_reads_as_the_place_it_was_made_from(at: datetime, id_: UUID) -> None:
    assert ENTRIES.read(ENTRIES.write((at, id_))) == (at, id_)


@pytest.mark.parametrize("cursor", [None, ""])
def test_without_a_cursor_the_first_page_is_meant(cursor: str | None) -> None:
    assert ENTRIES.read(cursor) is None


@given(st.text(min_size=1, max_size=80) | st.binary(max_size=80).map(lambda raw: "." + base64.b64encode(raw).decode()))
def test_what_is_no_cursor_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(InvalidCursor):
        ENTRIES.read(text)


@given(st.data())
def test_a_cursor_with_one_letter_changed_is_refused(data: st.DataObject) -> None:
    cursor = ENTRIES.write(PLACE)
    place = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda each: each != cursor[place]))
    with pytest.raises(InvalidCursor):
        ENTRIES.read(cursor[:place] + letter + cursor[place + 1 :])


@pytest.mark.parametrize("end", ["=", "==", "A", "\x00", " ", "A" * 5000])
def test_a_cursor_with_more_behind_it_is_refused(end: str) -> None:
    with pytest.raises(InvalidCursor):
        ENTRIES.read(ENTRIES.write(PLACE) + end)


def test_the_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        OTHERS.read(ENTRIES.write(PLACE))


def test_a_cursor_of_another_version_is_refused() -> None:
    raw = base64.urlsafe_b64decode(NUMBERS.write(7) + "==")
    with pytest.raises(InvalidCursor):
        NUMBERS.read(base64.urlsafe_b64encode(b"2" + raw[1:]).decode().rstrip("="))


@pytest.mark.parametrize("number", [-1, 2**63, 10**60])
def test_a_well_made_cursor_of_a_place_that_cannot_be_is_refused(number: int) -> None:
    with pytest.raises(InvalidCursor):
        NUMBERS.read(Cursors[int]("numbers", int).write(number))


def test_a_time_without_zone_is_refused() -> None:
    naive: Cursors[Entry] = Cursors("entries", tuple[datetime, UUID])
    with pytest.raises(InvalidCursor):
        ENTRIES.read(naive.write((datetime(2026, 1, 1), UUID(int=1))))  # noqa: DTZ001  # what a forged cursor holds


def test_a_time_beyond_the_calendar_is_refused() -> None:
    far = datetime.max.replace(tzinfo=timezone(timedelta(hours=-10)))
    forger: Cursors[Entry] = Cursors("entries", tuple[datetime, UUID])
    with pytest.raises(InvalidCursor):
        ENTRIES.read(forger.write((far, UUID(int=1))))


def test_a_page_ends_with_a_cursor_where_more_follows() -> None:
    assert NUMBERS.page([1, 2, 3], 3, lambda row: row) == ([1, 2, 3], None)
    shown, more = NUMBERS.page([1, 2, 3, 4], 3, lambda row: row)
    assert (shown, NUMBERS.read(more)) == ([1, 2, 3], 3)


def test_words_are_sought_with_single_blanks() -> None:
    assert sought("  Åkeri \N{NO-BREAK SPACE} AB ") == "Åkeri AB"


@pytest.mark.parametrize("words", ["a\x00b", "a\nb", "\ud800", "\x7f"])
def test_words_that_no_text_can_hold_are_refused(words: str) -> None:
    with pytest.raises(WordsInvalid) as refused:
        sought(words)
    assert [(each.pointer, each.code, each.place) for each in refused.value.errors] == [
        ("/q", "invalid_value", "query")
    ]
