"""Owns the answer to "is this still the process we started?": pid, start time and boot, never the pid alone."""

import asyncio
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GONE = frozenset("ZX")


@dataclass(frozen=True)
class Identity:
    """A process as the kernel knows it: a pid can come again, the same pid with this start time in this boot cannot."""

    pid: int
    started: int
    boot: str

    @classmethod
    def parse(cls, raw: Any) -> "Identity | None":
        match raw:
            case {"pid": int(pid), "started": int(started), "boot": str(boot)} if pid > 1:
                return cls(pid, started, boot)
        return None


@dataclass(frozen=True)
class _Stat:
    state: str
    parent: int
    threads: int
    started: int


def _stat(pid: int) -> _Stat | None:
    try:
        raw = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may itself hold blanks and parentheses, so the fields are counted from the last one.
    fields = raw[raw.rindex(b")") + 2 :].split()
    return _Stat(state=fields[0].decode(), parent=int(fields[1]), threads=int(fields[17]), started=int(fields[19]))


def this_boot() -> str:
    """The boot and the pid namespace: a pid in a state file from another container means nothing here."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {os.readlink('/proc/self/ns/pid')}"


def identity_of(pid: int) -> Identity | None:
    stat = _stat(pid)
    return None if stat is None else Identity(pid, stat.started, this_boot())


def is_alive(identity: Identity) -> bool:
    """Whether this very process runs; a zombie, and another process under its pid, do not count.

    A zombie with threads left does: its first thread has ended, and the others still hold its locks and sockets.
    """
    stat = _stat(identity.pid)
    return (
        stat is not None
        and stat.started == identity.started
        and (stat.state not in _GONE or stat.threads > 1)
        and identity.boot == this_boot()
    )


def send(identity: Identity, signum: int) -> bool:
    """Signal this very process. The pidfd is opened before the check, so the pid cannot change hands in between."""
    try:
        handle = os.pidfd_open(identity.pid)
    except (ProcessLookupError, OSError):
        return False
    try:
        if not is_alive(identity):
            return False
        signal.pidfd_send_signal(handle, signum)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def descendants(pid: int) -> list[Identity]:
    """The children of a process and theirs, as they are now."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(int(entry))) is not None:
            parents.setdefault(stat.parent, []).append(int(entry))
    return [identity for kin in _below(pid, parents) if (identity := identity_of(kin)) is not None]


def _below(pid: int, parents: dict[int, list[int]]) -> Iterator[int]:
    for child in parents.get(pid, ()):
        yield child
        yield from _below(child, parents)


async def gone(identities: Iterable[Identity], within: float) -> bool:
    """Wait until none of them runs any more; False if one still does when the time is up."""
    deadline = asyncio.get_running_loop().time() + within
    waiting = list(identities)
    while waiting := [identity for identity in waiting if is_alive(identity)]:
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(0.02)
    return True


@dataclass(frozen=True)
class Ended:
    """How a process was ended: whether it had to be killed, and the orphans that were killed with it."""

    killed: bool
    orphans: tuple[Identity, ...]


async def end(identity: Identity, signum: int, grace: float) -> Ended:
    """Ask, wait, then kill; and what it started and left behind is killed with it."""
    kin = descendants(identity.pid) if is_alive(identity) else []
    killed = send(identity, signum) and not await gone([identity], grace)
    if killed:
        send(identity, signal.SIGKILL)
        await gone([identity], 10)
    return Ended(killed, tuple(left for left in kin if send(left, signal.SIGKILL)))
