"""Owns what a supervisor does besides: logs kept in bounds, and the dead that were left to it reaped."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from aktivera.local.log_files import rotate
from aktivera.local.supervised import Supervised

_EVERY_SECONDS = 5.0


async def forever(logs: Path, processes: Callable[[], Sequence[Supervised]]) -> None:
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        for process in processes():
            rotate(logs, process.spec.name)
        rotate(logs, "supervisor")
        _reap_orphans({process.pid for process in processes()})


def _reap_orphans(our_own: set[int | None]) -> None:
    """Only those that came to us as orphans: our own children are waited for where they were started."""
    for thread in Path("/proc/self/task").iterdir():
        for pid in map(int, (thread / "children").read_text().split()):
            if pid not in our_own:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    continue
