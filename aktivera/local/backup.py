"""Owns backup and restore of the local stack: each service's database and the secrets, in one closed file."""

import asyncio
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import asyncpg

from aktivera import SERVICES, VERSION
from aktivera.local import stack
from aktivera.local.layout import Layout, Say, read_json
from aktivera.local.postgres import PostgresNode
from aktivera.local.postgres.dumps import dump, replace, verify
from aktivera.local.stack import tell
from aktivera.local.surroundings import base_environment, starter_environment
from chassis.clock import system_clock

MANIFEST = "manifest.json"
HELD_WHY = "restored from a backup"

NEXT_STEPS = """what to do now (docs/operations.md, Backup and restore):
  aktivera status                                     a reader that stopped says why: aktivera offsets accept …
  aktivera announce onboarding --after-restore --for-real
  aktivera announce activation --after-restore --for-real
  aktivera reconcile                                  what still differs
  aktivera mail list --would-send                     no mail goes out before:
  aktivera mail release --for-real"""


class NotABackup(Exception):
    """The file is none that `aktivera backup` wrote, or it is damaged."""


class NothingToBackUp(Exception):
    """The stack does not run on Kafka here: start it with `make up`."""


def backup(root: Path, file: Path, say: Say = tell) -> dict[str, Any]:
    """Writes the file while everything runs. Each database is whole as it was at one moment; what they differ by is
    caught up by events. Raises NothingToBackUp, PostgresCannotRun, FileExistsError."""
    layout = Layout(root)
    found = read_json(layout.endpoints_file)
    if found.get("broker") != "kafka":
        raise NothingToBackUp(NothingToBackUp.__doc__)
    environment = base_environment(starter_environment())
    superuser = _superuser(layout)
    manifest = {"version": VERSION, "at": system_clock().isoformat(), "databases": list(SERVICES)}
    with tempfile.TemporaryDirectory(dir=layout.run) as scratch:
        folder = Path(scratch)
        for name in SERVICES:
            say(f"dumping {name}")
            dump(superuser, name, folder / f"{name}.dump", environment)
        (folder / MANIFEST).write_text(json.dumps(manifest))
        closed = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(closed, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as archive:
            for each in sorted(folder.iterdir()):
                archive.add(each, each.name)
            for each in sorted(layout.secrets.iterdir()):
                archive.add(each, f"secrets/{each.name}")
    return manifest


def restore(root: Path, file: Path, say: Say = tell) -> dict[str, Any]:
    """Puts the backup in the place of what is here, and starts everything with mails held. Kafka's data stays.

    Nothing is touched before the file has been read whole. Raises NotABackup, PostgresCannotRun, stack.FAILURES.
    """
    layout = Layout(root)
    layout.create()
    environment = base_environment(starter_environment())
    with tempfile.TemporaryDirectory(dir=layout.run) as scratch:
        folder = Path(scratch)
        manifest = _unpacked(file, folder, environment)
        stack.down(root, say=say)
        PostgresNode(layout.postgres, 0, layout.secrets).remove()
        shutil.rmtree(layout.secrets, ignore_errors=True)
        shutil.copytree(folder / "secrets", layout.secrets)
        layout.secrets.chmod(0o700)
        stack.up(root, only_infrastructure=True, say=say)
        asyncio.run(_restore_databases(layout, folder, environment, say))
    stack.up(root, say=say)
    say(NEXT_STEPS)
    return manifest


async def hold_mails(superuser_dsn: str, database: str, why: str) -> None:
    """Before the notifier starts: what it would send may have been sent after the backup."""
    connection = await asyncpg.connect(superuser_dsn.rpartition("/")[0] + f"/{database}")
    try:
        if await connection.fetchval("select to_regclass('mail_gate')"):
            await connection.execute("update mail_gate set held = true, since = now(), by = 'restore', why = $1", why)
    finally:
        await connection.close()


async def _restore_databases(layout: Layout, folder: Path, environment: dict[str, str], say: Say) -> None:
    superuser = _superuser(layout)
    for name in SERVICES:
        say(f"restoring {name}")
        await replace(superuser, name, f"{name}_owner", folder / f"{name}.dump", environment)
    await hold_mails(superuser, "notifier", HELD_WHY)


def _unpacked(file: Path, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    try:
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        if not (folder / "secrets" / "postgres-superuser").exists():
            raise NotABackup(f"{file} holds no secrets")
    except (tarfile.TarError, EOFError, KeyError, ValueError, FileNotFoundError) as error:
        raise NotABackup(f"{file}: {error}") from error
    for name in SERVICES:
        verify(folder / f"{name}.dump", environment)
    return manifest


def _superuser(layout: Layout) -> str:
    return PostgresNode(layout.postgres, read_json(layout.ports_file)["postgres"], layout.secrets).superuser_dsn
