"""Every loop beats; a loop that has not beaten for its limit is stuck, and the process is not alive any more."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from chassis.processor import waited_seconds


def unheard() -> None:
    """The beat of work that nobody watches."""


@dataclass
class Heartbeats:
    """Loop name → the monotonic second of its last beat and its limit in seconds."""

    _last: dict[str, float] = field(default_factory=dict)
    _limit: dict[str, float] = field(default_factory=dict)

    def expect(self, loop: str, within_seconds: float) -> None:
        """From now on `loop` must beat at least that often."""
        self.beat(loop)  # first: the watchdog looks from a thread of its own, at any moment
        self._limit[loop] = within_seconds

    def beat(self, loop: str) -> None:
        self._last[loop] = time.monotonic()

    def forget(self, loop: str) -> None:
        """The loop has ended in order."""
        self._limit.pop(loop, None)

    def stuck(self) -> list[str]:
        """The loops that have not beaten within their limit."""
        now = time.monotonic()
        return sorted(loop for loop, limit in list(self._limit.items()) if now - self._last[loop] > limit)


class Pulse:
    """The event loop's own beat. What its thread waited for a processor is left out: one that gives way to all others
    beside a machine that is busy for long is slow, and not stuck."""

    LIMIT_SECONDS = 30.0

    def __init__(self, schedstat: Path) -> None:
        self._file = schedstat
        self.beat()

    def beat(self) -> None:
        self._last = time.monotonic() - self._waited()

    def stuck(self) -> bool:
        """Asked from any thread."""
        return time.monotonic() - self._waited() - self._last > self.LIMIT_SECONDS

    def _waited(self) -> float:
        return waited_seconds(self._file) if self._file.exists() else 0.0
