"""Owns backup of the local stack: each service's database and the secrets, in one closed file."""

import json
import os
import tarfile
import tempfile
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


class NothingToBackUp(Exception):
    """The stack does not run on Kafka here: start it with `make up`."""


def backup(root: Path, file: Path, say: Say = tell) -> dict[str, Any]:
    """Writes the file while everything runs. Each database is whole as it was at one moment; what they differ by is
    caught up by events. Raises NothingToBackUp, NoPlaceForIt, PostgresCannotRun, OSError; no file is left then."""
    layout = Layout(root)
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
    with tempfile.TemporaryDirectory(dir=layout.run) as scratch:
        folder = Path(scratch)
        for name in SERVICES:
            say(f"dumping {name}")
            dump(superuser, name, folder / f"{name}.dump", environment)
        (folder / MANIFEST).write_text(json.dumps(manifest))
        with tarfile.open(fileobj=raw, mode="w:gz") as archive:
            for each in sorted(folder.iterdir()):
                archive.add(each, each.name)
            for each in sorted(layout.secrets.iterdir()):
                archive.add(each, f"secrets/{each.name}")
    return manifest


def _superuser(layout: Layout) -> str:
    return PostgresNode(layout.postgres, read_json(layout.ports_file)["postgres"], layout.secrets).superuser_dsn
