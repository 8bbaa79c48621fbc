"""Owns the logs of the supervised processes: opened for append, bounded in size, read back from the end."""

import os
import shutil
import time
from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024


def open_log(folder: Path, name: str) -> int:
    """A file of its own, not a pipe to the supervisor: the process writes on when the supervisor is killed."""
    return os.open(folder / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def note(folder: Path, name: str, line: str) -> None:
    """One line with its time, for whoever reads the log later."""
    with os.fdopen(open_log(folder, name), "w") as log:
        log.write(stamped(line))


def stamped(line: str) -> str:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n"


def rotate(folder: Path, name: str, max_bytes: int = MAX_BYTES) -> bool:
    """Keep one older copy. The writer holds the file open for append, so it is copied and emptied, not renamed."""
    path = folder / f"{name}.log"
    if not path.exists() or path.stat().st_size <= max_bytes:
        return False
    older = path.with_suffix(".log.1")
    older.touch(mode=0o600)
    shutil.copyfile(path, older)
    os.truncate(path, 0)
    return True


def last_lines(folder: Path, name: str, count: int = 15) -> list[str]:
    path = folder / f"{name}.log"
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        return file.read().decode(errors="replace").splitlines()[-count:]
