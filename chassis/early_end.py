"""The end of a service's process that is told to end before its loops run: at once, and with 0."""

import os
import signal
from types import FrameType


def end_at_once_when_told() -> None:
    """From now on SIGTERM and SIGINT end the process; `chassis.lifecycle` takes them over when its loops run.

    Until then nothing is open that wants an order. Without a handler the exit code would be a failure's, and the first
    process of a container would not hear the signal at all: it would be killed after the engine's patience.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)
