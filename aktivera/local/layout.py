"""Owns the map of `.local`, where each file of the local stack lies, and the lock for one command at a time."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CODE_ROOT = Path(__file__).resolve().parents[2]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Layout:
    """The paths under one root, closed to others; `home` alone lets others pass, since Postgres may run as another."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / ".local"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def kafka(self) -> Path:
        return self.home / "kafka"

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def mail(self) -> Path:
        return self.home / "mail"

    @property
    def state_file(self) -> Path:
        return self.home / "state.json"

    @property
    def ports_file(self) -> Path:
        return self.home / "ports.json"

    @property
    def endpoints_file(self) -> Path:
        return self.home / "endpoints.json"

    @property
    def decided_restore(self) -> Path:
        """Names the backup whose swap has begun; gone when it is done."""
        return self.home / "decided-restore"

    @property
    def backup_in_hand(self) -> Path:
        """A backup's files while one command writes or reads them; the next removes what a killed one left."""
        return self.run / "backup-in-hand"

    @property
    def mock_address(self) -> Path:
        return self.run / "mock-broker.address"

    @property
    def mock_databases(self) -> Path:
        """Names the mock whose time the databases beside it have seen."""
        return self.run / "mock-databases.json"

    def create(self) -> None:
        for path, mode in ((self.home, 0o711), (self.log, 0o700), (self.secrets, 0o700), (self.run, 0o700)):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)

    @contextmanager
    def one_command_at_a_time(self, say: Say) -> Iterator[None]:
        """Two `up` at once: the second waits for the first, then finds everything running."""
        self.create()
        with (self.run / "command.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another command is at work on this stack; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def replace_json(path: Path, content: Any) -> None:
    """Write beside and rename, so that a reader sees the old file or the new one and never half of it."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    beside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The file's object; empty where there is none or a torn one, since all we keep this way can be made again."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
