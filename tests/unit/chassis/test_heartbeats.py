"""What the watchdog takes for stuck: a loop after a whole limit's time, an event loop that could have worked."""

from contextlib import suppress
from pathlib import Path

import pytest

from chassis import heartbeats
from chassis.heartbeats import Heartbeats, Pulse


class _Watched(dict[str, float]):
    """Limits at whose every change the watchdog looks."""

    def __init__(self, watched: Heartbeats) -> None:
        super().__init__()
        self.seen: list[list[str]] = []
        self._watched = watched

    def __setitem__(self, loop: str, limit: float) -> None:
        super().__setitem__(loop, limit)
        with suppress(KeyError):
            self.seen.append(self._watched.stuck())


def watched() -> tuple[Heartbeats, _Watched]:
    beats = Heartbeats()
    beats._limit = limits = _Watched(beats)
    return beats, limits


class _Clock:
    """A monotonic clock that stands where it is put."""

    second = 0.0

    def monotonic(self) -> float:
        return self.second


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    stands = _Clock()
    monkeypatch.setattr(heartbeats, "time", stands)
    return stands


def test_a_watchdog_that_looks_while_a_loop_begins_finds_nothing_stuck(clock: _Clock) -> None:
    """Would break: no beat at all ends the watchdog's thread, and one of long ago the process."""
    beats, limits = watched()
    beats.expect("reader", 60)
    beats.forget("reader")
    clock.second = 1000.0
    beats.expect("reader", 60)
    assert limits.seen == [[], []]
    clock.second = 1061.0
    assert beats.stuck() == ["reader"]


def test_an_event_loop_that_others_keep_from_a_processor_is_slow_and_not_stuck(clock: _Clock, tmp_path: Path) -> None:
    """Would break: statistics, which give way to all, are ended beside a busy machine and read everything again."""
    schedstat = tmp_path / "schedstat"
    schedstat.write_text("1000000000 5000000000 7")
    pulse = Pulse(schedstat)
    clock.second = 60.0
    schedstat.write_text("1500000000 36000000000 8")
    assert not pulse.stuck()
    clock.second = 62.0
    assert pulse.stuck()
    pulse.beat()
    assert not pulse.stuck()


def test_an_event_loop_is_stuck_after_half_a_minute_where_nothing_tells_of_processors(
    clock: _Clock, tmp_path: Path
) -> None:
    pulse = Pulse(tmp_path / "not there")
    clock.second = 30.0
    assert not pulse.stuck()
    clock.second = 31.0
    assert pulse.stuck()
