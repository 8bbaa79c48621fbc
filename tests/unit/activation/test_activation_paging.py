"""The list's cursor."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.activation.domain.paging import InvalidCursor, Place


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_reads_as_the_place_it_was_made_from(listed_at: datetime, client_id: UUID) -> None:
    place = Place(listed_at, client_id)

    assert Place.of(place.cursor()) == place


@given(st.text(max_size=60))
def test_what_is_no_cursor_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(InvalidCursor):
        Place.of(text)


def test_a_time_beyond_the_calendar_is_refused() -> None:
    forged = Place(datetime.max.replace(tzinfo=timezone(timedelta(hours=-10))), UUID(int=1))

    with pytest.raises(InvalidCursor):
        Place.of(forged.cursor())


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        Place.of(Place(datetime(2026, 1, 1), UUID(int=1)).cursor())  # noqa: DTZ001  # what a forged cursor holds
