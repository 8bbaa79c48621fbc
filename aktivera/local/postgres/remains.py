"""Owns judging what an earlier server left: its lock file, and data whose place was deleted."""

import os
import shutil
import time
from pathlib import Path

from aktivera.local.postgres.binaries import PostgresCannotRun
from aktivera.local.process_identity import Identity, identity_of, is_alive

_ORPHANS_SECONDS = 10.0


def postmaster(cluster: Path) -> Identity | None:
    """The live server of this cluster, if the pid in its lock file is one: a server's folder is its cluster."""
    pid = _locked_by(cluster)
    return next((member for member in _at_home(cluster) if member.pid == pid), None)


def drop_stale_lock(cluster: Path) -> None:
    """Only where the pid in it lives on as a zombie or as somebody else, which the server would take for itself.

    Otherwise the server judges it better: the file also leads it to shared memory that old backends may still use.
    """
    pid = _locked_by(cluster)
    if pid is None or identity_of(pid) is None or postmaster(cluster) is not None:
        return
    deadline = time.monotonic() + _ORPHANS_SECONDS
    while members := _at_home(cluster):
        if time.monotonic() > deadline:
            raise PostgresCannotRun(
                f"the server of {cluster} is gone, and its process {members[0].pid} still works there"
            )
        time.sleep(0.05)
    (cluster / "postmaster.pid").unlink()


def settle(wanted: Path, home: Path) -> None:
    """Where the cluster lies elsewhere, a note in `wanted` says so. Without the note the user has deleted `wanted`,
    and what lies elsewhere goes as well: a new start must not find old data with a forgotten password."""
    if home == wanted:
        return
    note = wanted / "lies-elsewhere"
    if not note.exists():
        if (members := _at_home(home / "cluster")) and home.exists():
            raise PostgresCannotRun(f"process {members[0].pid} still serves the data of a {wanted} that was deleted")
        shutil.rmtree(home, ignore_errors=True)
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
        note.write_text(f"{home}\n")


def _locked_by(cluster: Path) -> int | None:
    try:
        return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _at_home(cluster: Path) -> list[Identity]:
    """The live processes whose folder is the cluster: the server and its backends."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            here = os.readlink(f"/proc/{entry}/cwd") if entry.isdigit() else ""
        except OSError:
            continue
        identity = identity_of(int(entry)) if here == str(cluster.resolve()) else None
        if identity is not None and is_alive(identity):
            found.append(identity)
    return found
