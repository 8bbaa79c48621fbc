"""A loop that is expected has a whole limit's time, whenever the watchdog looks."""

from contextlib import suppress
from typing import Any

import pytest

from chassis import heartbeats
from chassis.heartbeats import Heartbeats


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


def test_a_watchdog_that_looks_while_a_loop_begins_finds_nothing_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Would break: no beat at all ends the watchdog's thread, and one of long ago the process."""
    second = 0.0
    clock: Any = type("Clock", (), {"monotonic": staticmethod(lambda: second)})
    monkeypatch.setattr(heartbeats, "time", clock)
    beats, limits = watched()
    beats.expect("reader", 60)
    beats.forget("reader")
    second = 1000.0
    beats.expect("reader", 60)
    assert limits.seen == [[], []]
    second = 1061.0
    assert beats.stuck() == ["reader"]
