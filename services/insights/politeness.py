"""Giving way: while statistics read days of events again, whatever else a processor has to do comes first."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from chassis.processor import schedstat, waited_seconds
from services.insights.settings import InsightsSettings

NICENESS = 19
"""The most there is: beside one other process that wants a processor, the seventieth part of it."""
SESSION = Path("/proc/self/autogroup")
"""Where Linux weighs sessions against each other, niceness counts within a session alone. This is the session's own."""


def give_way(settings: InsightsSettings) -> None:
    """For as long as the process runs. A session that others are in too, as in a terminal, stays as it is."""
    if not settings.gives_way:
        return
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # there is no such thing, or somebody else changed theirs just now
            SESSION.write_text(str(NICENESS))


class Turns:
    """Pauses between goes of counting. Who wakes up beside a nice process still waits till its slice is over, about a
    millisecond, and a client's way wakes many: so it stays away, many times as long as others kept it from a processor
    (docs/speed.md). Whatever this thread does counts, answers too: where many watch a busy machine, it is away more."""

    TIMES_AS_LONG = 8
    LONGEST_SECONDS = 1.0

    def __init__(self, settings: InsightsSettings, waited: Path | None = None) -> None:
        # Without such a file its own process's others go on between goes, and no more.
        waited = waited or schedstat()
        self._file = waited if settings.gives_way and waited.exists() else None
        self._waited = self._so_far()

    async def next(self) -> None:
        """Returns when it may go on."""
        await asyncio.sleep(self.pause_seconds())

    def pause_seconds(self) -> float:
        """By how long others had the processor, since this was asked last, while this thread wanted it."""
        before, self._waited = self._waited, self._so_far()
        return min((self._waited - before) * self.TIMES_AS_LONG, self.LONGEST_SECONDS)

    def _so_far(self) -> float:
        return 0.0 if self._file is None else waited_seconds(self._file)
