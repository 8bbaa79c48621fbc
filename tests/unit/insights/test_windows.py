"""Windows: each event once, by its own time; what is over goes; a wrong clock moves nothing."""

from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insights.domain.facts import Fact, Wait
from services.insights.domain.waits import RELATIVE_ERROR, Waits
from services.insights.domain.windows import MOST_AGENCIES, Windows

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LISTED = Fact("listed", "byra-ett", Wait("listed", 2.0))
CREATED = Fact("created", "byra-ett")


@pytest.fixture
def windows() -> Windows:
    return Windows(timedelta(hours=48))


def totals(windows: Windows, agency: str | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    for counts in windows.counts("hour", NOW - 3 * 24 * HOUR, NOW + HOUR, agency).values():
        for what, count in counts.items():
            found[what] = found.get(what, 0) + count
    return found


def test_an_event_that_comes_again_is_counted_once(windows: Windows) -> None:
    assert windows.count("a", NOW, LISTED, NOW) == "counted"
    assert windows.count("b", NOW, LISTED, NOW) == "counted"
    assert windows.count("a", NOW, LISTED, NOW + HOUR) == "repeated"
    assert totals(windows) == {"listed": 2}
    found = windows.waits(NOW - HOUR, NOW, None, "listed").percentiles()
    assert found is not None
    assert found.count == 2


def test_a_late_event_is_counted_in_the_window_of_its_own_time(windows: Windows) -> None:
    windows.count("a", NOW - 30 * HOUR, CREATED, NOW)
    windows.count("b", NOW, CREATED, NOW)
    hours = windows.counts("hour", NOW - 48 * HOUR, NOW + HOUR, None)
    assert list(hours) == [datetime(2026, 3, 1, 6, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)]
    assert list(windows.counts("minute", NOW, NOW + MINUTE, None)) == [NOW]


@pytest.mark.parametrize(("by", "outcome"), [(timedelta(days=3), "ahead"), (timedelta(days=-3), "too_old")])
def test_an_event_of_a_wrong_clock_is_left_out_and_nothing_else_changes(
    windows: Windows, by: timedelta, outcome: str
) -> None:
    windows.count("a", NOW, LISTED, NOW)
    assert windows.count("b", NOW + by, LISTED, NOW) == outcome
    windows.expire(NOW)
    assert totals(windows) == {"listed": 1}


def test_a_clock_that_is_a_little_ahead_counts(windows: Windows) -> None:
    assert windows.count("a", NOW + timedelta(seconds=200), CREATED, NOW) == "counted"


def test_windows_that_are_over_go_whole_hour_by_whole_hour(windows: Windows) -> None:
    for hours in range(48):
        windows.count(str(hours), NOW - hours * HOUR, LISTED, NOW)
    windows.expire(NOW + 10 * HOUR)
    kept = windows.counts("hour", NOW - 100 * HOUR, NOW + HOUR, None)
    assert min(kept) == windows.since(NOW + 10 * HOUR) == datetime(2026, 2, 28, 22, tzinfo=UTC)
    assert sum(map(len, windows.counts("minute", NOW - 100 * HOUR, NOW + HOUR, None).values())) == len(kept)
    assert windows.count("late", NOW - 47 * HOUR, CREATED, NOW + 10 * HOUR) == "too_old"


def test_an_agency_sees_its_own_and_all_together_see_the_sum(windows: Windows) -> None:
    windows.count("a", NOW, CREATED, NOW)
    windows.count("b", NOW, Fact("created", "byra-tva"), NOW)
    windows.count("c", NOW, Fact("rejections.wrong_source", None), NOW)
    assert totals(windows, "byra-ett") == {"created": 1}
    assert totals(windows) == {"created": 2, "rejections.wrong_source": 1}
    assert totals(windows, "byra-tre") == {}


def test_more_agencies_than_there_may_be_count_together_alone(windows: Windows) -> None:
    for number in range(MOST_AGENCIES + 1):
        windows.count(str(number), NOW, Fact("created", f"byra-{number}"), NOW)
    assert totals(windows, f"byra-{MOST_AGENCIES}") == {}
    assert totals(windows) == {"created": MOST_AGENCIES + 1}


def test_ever_new_agencies_fill_no_memory_once_their_windows_are_over(windows: Windows) -> None:
    windows.count("stays", NOW + 96 * HOUR, CREATED, NOW + 96 * HOUR)
    sizes = set()
    for round_ in range(1, 6):
        now = NOW + round_ * 96 * HOUR
        windows.count(f"stays {round_}", now, CREATED, now)
        for number in range(100):
            windows.count(f"{round_} {number}", now, Fact("created", f"byra-{round_}-{number}"), now)
        windows.expire(now)
        found = windows.counts("minute", now, now + MINUTE, f"byra-{round_}-7")
        assert list(found.values()) == [{"created": 1}]
        sizes.add(len(windows._series))
    assert len(sizes) <= 2, sizes  # of one round, and of two while the second comes


def test_percentiles_of_merged_waits_are_within_the_stated_error() -> None:
    parts = [Waits(), Waits()]
    values = [1.01**number for number in range(1000)]
    for number, value in enumerate(values):
        parts[number % 2].add(value)
    whole = Waits()
    for part in parts:
        whole.merge(part)
    found = whole.percentiles()
    assert found is not None
    assert found.count == 1000
    assert found.max_seconds == values[-1]
    for shown, rank in ((found.p50_seconds, 499), (found.p90_seconds, 899), (found.p99_seconds, 989)):
        assert shown == pytest.approx(values[rank], rel=RELATIVE_ERROR * 1.001)
    empty = Waits()
    assert empty.percentiles() is None


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30))
def test_percentiles_of_few_waits_are_those_of_their_ranks(values: list[float]) -> None:
    """As `percentile_disc` of SQL has them: of seven the 99th is the longest."""
    waits = Waits()
    for value in values:
        waits.add(value)
    found = waits.percentiles()
    assert found is not None
    for shown, percent in ((found.p50_seconds, 50), (found.p90_seconds, 90), (found.p99_seconds, 99)):
        rank = ceil(percent * len(values) / 100)
        assert shown == pytest.approx(sorted(values)[rank - 1], rel=RELATIVE_ERROR * 1.001)


def test_no_percentile_is_longer_than_the_longest_wait() -> None:
    waits = Waits()
    waits.add(0.263103)  # which the sketch alone would answer as 0.26445
    found = waits.percentiles()
    assert found is not None
    assert (found.p50_seconds, found.p90_seconds, found.p99_seconds) == (found.max_seconds,) * 3 == (0.263103,) * 3
