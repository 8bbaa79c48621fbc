"""Owns backup of the local stack: each service's database and the secrets, in one closed file."""

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from aktivera import SERVICES, VERSION
from aktivera.local.layout import Layout, Say, read_json
from aktivera.local.postgres import PostgresNode
from aktivera.local.postgres.dumps import dump
from aktivera.local.stack import tell
from aktivera.local.surroundings import base_environment, starter_environment
from chassis.clock import system_clock

MANIFEST = "manifest.json"


class NoPlaceForIt(Exception):
    """The file is there already, or its folder is not."""


class SecretsChanged(Exception):
    """A secret was changed while the databases were dumped, and may not open them: take the backup again."""


class NothingToBackUp(Exception):
    """The stack does not run on Kafka here: start it with `make up`."""


def backup(root: Path, file: Path, say: Say = tell) -> dict[str, Any]:
    """Writes the file while everything runs. Each database is whole as it was at one moment; what they differ by is
    caught up by events. Raises NothingToBackUp, NoPlaceForIt, SecretsChanged, PostgresCannotRun, OSError; no file is
    left then. A restore waits for it, and it for a restore: halves of two states would be in it."""
    layout = Layout(root)
    with layout.one_command_at_a_time(say):
        return _backup(layout, file, say)


def _backup(layout: Layout, file: Path, say: Say) -> dict[str, Any]:
    found = read_json(layout.endpoints_file)
    if found.get("broker") != "kafka":
        raise NothingToBackUp(NothingToBackUp.__doc__)
    try:
        closed = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NoPlaceForIt(f"{file} is there already: name a new file") from None
    except FileNotFoundError:
        raise NoPlaceForIt(f"there is no folder {file.parent}") from None
    try:
        with os.fdopen(closed, "wb") as raw:
            return _write(layout, raw, say)
    except BaseException:
        file.unlink()
        raise


def _write(layout: Layout, raw: IO[bytes], say: Say) -> dict[str, Any]:
    environment = base_environment(starter_environment())
    superuser = _superuser(layout)
    manifest = {"version": VERSION, "at": system_clock().isoformat(), "databases": list(SERVICES)}
    with in_hand(layout) as folder:
        secrets = folder / "secrets"
        shutil.copytree(layout.secrets, secrets)
        for name in SERVICES:
            say(f"dumping {name}")
            dump(superuser, name, folder / f"{name}.dump", environment)
        (folder / MANIFEST).write_text(json.dumps(manifest))
        if _contents(secrets) != _contents(layout.secrets):  # a key that wraps may have been dropped, or one come
            raise SecretsChanged(SecretsChanged.__doc__)
        # What is in it is packed already: more than the quickest would take minutes, and find nothing.
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=1) as archive:
            for each in sorted(folder.iterdir()):
                archive.add(each, each.name)
    return manifest


@contextmanager
def in_hand(layout: Layout) -> Iterator[Path]:
    """A folder for the backup's files, gone afterwards. What a killed command left in it goes first."""
    folder = layout.backup_in_hand
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def _superuser(layout: Layout) -> str:
    return PostgresNode(layout.postgres, read_json(layout.ports_file)["postgres"], layout.secrets).superuser_dsn
