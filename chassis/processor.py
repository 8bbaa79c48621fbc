"""How long a thread wanted a processor while others had it, as Linux counts (`schedstat`: on one, waiting, turns)."""

import threading
from pathlib import Path


def schedstat() -> Path:
    """Of the thread that asks; other threads of the process may read it too."""
    return Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")


def waited_seconds(file: Path) -> float:
    """Since the thread began. Raises OSError where nothing tells."""
    return int(file.read_bytes().split()[1]) / 1e9
