"""Owns the answer to "is it this process that listens there?": two stacks that begin at once may choose one port."""

import os
from collections.abc import Iterator
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENS = "0A"


def listens(pid: int, port: int) -> bool:
    """Whether the process has a socket of its own that listens on the port."""
    wanted = {f"socket:[{inode}]" for table in _TABLES for inode in _inodes(table, port)}
    folder = Path(f"/proc/{pid}/fd")
    try:
        return any(_target(each) in wanted for each in folder.iterdir())
    except OSError:  # it has ended
        return False


def _inodes(table: Path, port: int) -> Iterator[str]:
    if table.exists():
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENS and fields[1].endswith(f":{port:04X}"):
                yield fields[9]


def _target(descriptor: Path) -> str:
    try:
        return os.readlink(descriptor)
    except OSError:  # closed meanwhile
        return ""
