"""CPU seconds and resident memory of processes with all their children, read from /proc."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class _Stat:
    parent: int
    own: float
    reaped: float


def cpu_seconds(root: int, without: Collection[int] = ()) -> float:
    """What a process and its children have used so far, those that ended included; `without` are left out."""
    stats = {int(path.name): stat for path in Path("/proc").glob("[0-9]*") if (stat := _stat(path)) is not None}
    tree, grown = {root}, True
    while grown:
        more = {pid for pid, stat in stats.items() if stat.parent in tree} - tree
        tree |= more
        grown = bool(more)
    living = sum(stats[pid].own for pid in tree - set(without) if pid in stats)
    return living + sum(stats[pid].reaped for pid in tree if pid in stats)


def resident_mb(pid: int) -> float:
    """Resident memory of one process; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20
    except OSError:
        return 0.0


def _stat(path: Path) -> _Stat | None:
    try:
        fields = (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # ended meanwhile
        return None
    user, system, user_reaped, system_reaped = (int(value) / TICKS for value in fields[11:15])
    return _Stat(int(fields[1]), user + system, user_reaped + system_reaped)
