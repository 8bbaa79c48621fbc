"""Where the servers of a test run keep their data: in memory where there is plenty, else in the run's folder."""

import itertools
import os
import re
import shutil
from pathlib import Path

from aktivera.local.postgres import PostgresNode

MEMORY = Path("/dev/shm")  # a file system in memory is what is wanted; what the servers make there is closed to others
PLENTY = 8 << 30  # bytes; in the middle of a whole run less than half of one lay there
_NAME = "aktivera-test-"
_numbers = itertools.count()


def place_for_data(folder: Path, memory: Path = MEMORY, plenty: int = PLENTY) -> Path:
    """A new folder of this process. A database for each test is made by copying files, and the broker syncs each
    batch: both wait for nothing in memory. What was left there by runs that were killed goes first."""
    if not os.access(memory, os.W_OK):
        return folder
    clear(memory)
    if min(shutil.disk_usage(memory).free, _available()) < plenty:
        return folder
    place = memory / f"{_NAME}{os.getpid()}-{next(_numbers)}"
    place.mkdir(mode=0o711)  # the account of Postgres has to pass it
    return place


def clear(memory: Path = MEMORY) -> None:
    """Ends the Postgres servers and removes the data of runs whose process is gone."""
    for left in memory.glob(f"{_NAME}*"):
        pid = re.fullmatch(rf"{_NAME}(\d+)-\d+", left.name)
        if pid is None or Path(f"/proc/{pid[1]}").exists() or left.stat().st_uid != os.geteuid():
            continue
        PostgresNode(left / "postgres", 0, left).stop_immediate()
        shutil.rmtree(left, ignore_errors=True)


def _available() -> int:
    """Bytes of memory that can be had without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
