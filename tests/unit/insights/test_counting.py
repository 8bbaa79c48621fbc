"""What is heard is counted, or noted as what it is: nothing that comes holds up what comes after it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from chassis.clock import system_clock
from chassis.extents import Extent
from chassis.handling import CutRecord
from services.insights.counting import LATE, Statistics

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ONE, OTHER = ("client-events", 0), ("client-events", 1)


@dataclass
class Counting:
    """Statistics with a clock that is set, which began to read two partitions with two and one records."""

    now: datetime = START

    def __post_init__(self) -> None:
        self.statistics = Statistics(timedelta(hours=48), lambda: self.now)
        self.reading = self.statistics.begin(self.now, {ONE: Extent(0, 2), OTHER: Extent(7, 8)})

    def hears(self, place: tuple[str, int], offset: int) -> None:
        self.statistics.hear(self.reading, CutRecord(*place, offset, None, b"{}", [], 2, ""))

    def hears_all(self) -> None:
        for place, offset in ((ONE, 0), (ONE, 1), (OTHER, 7)):
            self.hears(place, offset)


def test_a_record_that_no_reader_foresaw_is_unreadable_and_reading_goes_on() -> None:
    statistics = Statistics(timedelta(hours=48), system_clock)
    reading = statistics.begin(system_clock(), {ONE: Extent(0, 1)})
    odd = CutRecord("client-events", 0, 0, None, b"{}", cast("Any", 7), 2, "")
    statistics.hear(reading, odd)
    assert statistics.outcomes == {("client-events", "unreadable"): 1}
    assert statistics.complete


def test_what_is_shown_is_of_no_moment_until_all_is_counted_that_there_was_at_the_start() -> None:
    counting = Counting()
    for place, offset in ((ONE, 0), (OTHER, 7)):
        counting.hears(place, offset)
        counting.now += SECOND
        assert (counting.statistics.as_of, counting.statistics.complete, counting.statistics.late) == (
            None,
            False,
            True,
        )
    counting.hears(ONE, 1)
    assert (counting.statistics.as_of, counting.statistics.complete, counting.statistics.late) == (START, True, False)


def test_what_is_shown_is_of_the_last_look_of_which_all_is_counted() -> None:
    counting = Counting()
    counting.hears_all()
    looks = [START + number * LATE for number in (1, 2, 3)]
    for number, look in enumerate(looks, start=3):
        counting.now = look
        counting.statistics.looked(look, {ONE: number, OTHER: 8})
        assert (counting.statistics.as_of, counting.statistics.complete) == (START, True)
    assert counting.statistics.late
    counting.hears(ONE, 2)
    assert counting.statistics.as_of == looks[0], "that a look comes before all of another is counted puts off none"
    counting.statistics.looked(looks[2], {ONE: 5, OTHER: 8})
    counting.hears(ONE, 3)
    assert counting.statistics.as_of == looks[0]
    counting.hears(ONE, 4)
    assert (counting.statistics.as_of, counting.statistics.late) == (looks[2], False)


def test_what_is_shown_grows_late_where_nobody_says_how_far_the_topics_go() -> None:
    counting = Counting()
    counting.hears_all()
    counting.now = START + LATE
    assert not counting.statistics.late
    counting.now += SECOND
    assert (counting.statistics.late, counting.statistics.as_of, counting.statistics.complete) == (True, START, True)


def test_where_reading_begins_anew_with_what_is_counted_already_it_is_of_the_moment_before() -> None:
    counting = Counting()
    counting.hears_all()
    assert counting.statistics.complete
    counting.now = START + SECOND
    counting.reading = counting.statistics.begin(counting.now, {ONE: Extent(0, 3), OTHER: Extent(7, 8)})
    assert counting.statistics.as_of == START
    counting.hears(ONE, 2)
    assert counting.statistics.as_of == START + SECOND


def test_what_was_thrown_away_is_of_no_moment() -> None:
    counting = Counting()
    counting.hears_all()
    assert counting.statistics.complete
    counting.statistics.throw_away()
    assert (counting.statistics.as_of, counting.statistics.complete, counting.statistics.late) == (None, False, True)
    counting.reading = counting.statistics.begin(START + SECOND, {ONE: Extent(0, 2), OTHER: Extent(7, 8)})
    assert not counting.statistics.complete
    counting.hears_all()
    assert counting.statistics.as_of == START + SECOND
