"""Owns which account Postgres runs as, and where that account can reach: the server refuses to run as root."""

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PREFERRED = ("postgres", "nobody")
_NUMERIC = 65534


@dataclass(frozen=True)
class Account:
    """None for both: the server runs as whoever starts it."""

    user: int | None
    group: int | None

    def popen_options(self) -> dict[str, Any]:
        return {} if self.user is None else {"user": self.user, "group": self.group, "extra_groups": []}


def server_account() -> Account:
    """Ourselves, unless we are root: then an account that the system has already, since none is ours to add."""
    if os.geteuid() != 0:
        return Account(None, None)
    for name in _PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    return Account(_NUMERIC, _NUMERIC)


def reachable(path: Path, account: Account) -> bool:
    """Whether the account may pass every folder above `path`."""
    if account.user is None:
        return True
    return all(_may_pass(folder.stat(), account) for folder in path.resolve().parents if folder.exists())


def _may_pass(facts: os.stat_result, account: Account) -> bool:
    if facts.st_uid == account.user:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == account.group:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)


def home_for(wanted: Path, account: Account) -> Path:
    """`wanted`, or where it lies in a closed home a place outside that is always the same for it."""
    if reachable(wanted, account):
        return wanted
    return Path("/var/tmp") / f"aktivera-postgres-{hashlib.sha256(str(wanted.resolve()).encode()).hexdigest()[:16]}"  # noqa: S108 (owner checked in `create_home`)


def create_home(home: Path, account: Account) -> None:
    """The folder, owned by the account and closed to all others. Raises PermissionError if it is another's."""
    owner = os.geteuid() if account.user is None else account.user
    try:
        home.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        facts = home.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in {owner, os.geteuid()}:
            raise PermissionError(f"{home} is there and belongs to somebody else") from None
    give(home, account)
    home.chmod(0o700)


def give(path: Path, account: Account) -> None:
    if account.user is not None and account.group is not None:
        os.chown(path, account.user, account.group, follow_symlinks=False)
