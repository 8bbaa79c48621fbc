"""Giving way: while statistics read days of events again, whatever else a processor has to do comes first."""

import os
from contextlib import suppress
from pathlib import Path

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
