"""Owns restore: a backup is read whole, made ready beside what is here, and takes its place in one short swap."""

import asyncio
import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as but
from pathlib import Path
from typing import Any

from aktivera import SERVICES
from aktivera.local import control, ports, stack, swap
from aktivera.local.backup import MANIFEST, in_hand
from aktivera.local.layout import Layout, Say
from aktivera.local.postgres import PostgresNode, provision
from aktivera.local.postgres.binaries import PostgresCannotRun
from aktivera.local.postgres.dumps import replace, verify
from aktivera.local.set_back import NEXT_STEPS, hold_mails
from aktivera.local.stack import tell
from aktivera.local.surroundings import base_environment, starter_environment

HELD_WHY = "restored from a backup"

READING = "the file was only read, and nothing here was touched"
UNTOUCHED = "the databases and secrets here are as they were: `make up` starts them"
DECIDED = "the restored databases and secrets were about to take the place of those here: `make up` finishes it"
RESTORED = "the restored databases and secrets are in place, mails held: `make up` starts them"


class NotABackup(Exception):
    """The file is none that `aktivera backup` wrote, or it is damaged."""


def restore(root: Path, file: Path, say: Say = tell) -> dict[str, Any]:
    """Puts the backup in the place of what is here, and starts everything with mails held. Kafka's data stays.

    Raises NotABackup, OSError, stack.FAILURES; whatever ends it, a note says in what state things are.
    """
    manifest = put_in_place(Layout(root), file, say)
    with _noted(RESTORED):
        stack.up(root, say=say)
    say(NEXT_STEPS)
    return manifest


def put_in_place(layout: Layout, file: Path, say: Say) -> dict[str, Any]:
    """Without starting anything then. What was here is kept beside, until the next restore."""
    environment = base_environment(starter_environment())
    with layout.one_command_at_a_time(say):
        with in_hand(layout) as folder:
            with _noted(READING):
                manifest = _unpack(file, folder, environment)
            with _noted(UNTOUCHED):
                asyncio.run(stack.bring_down(layout, say))
                swap.finish(layout, say)
                _make_ready(layout, folder, environment, say)
        with _noted(DECIDED):
            swap.decide(layout, file)
            swap.finish(layout, say)
    return manifest


def look(root: Path, file: Path) -> dict[str, Any]:
    """Reads the backup whole and answers what it is of; nothing is touched. Raises NotABackup, OSError."""
    layout = Layout(root)
    with layout.one_command_at_a_time(tell), in_hand(layout) as folder:
        return _unpack(file, folder, base_environment(starter_environment()))


def _make_ready(layout: Layout, folder: Path, environment: dict[str, str], say: Say) -> None:
    """A server of its own beside today's, with all databases in it, that has ended again."""
    beside, secrets = swap.beside(layout, swap.READY)
    beside.remove()
    shutil.rmtree(secrets, ignore_errors=True)
    shutil.copytree(folder / "secrets", secrets)
    secrets.chmod(0o700)
    port = ports.choose(layout.ports_file, say)["postgres"]
    server = but(beside, port=port, environment=environment)
    server.prepare()
    try:
        asyncio.run(_fill(layout, server, folder, environment, say))
    finally:
        asyncio.run(stack.bring_down(layout, say))


async def _fill(layout: Layout, server: PostgresNode, folder: Path, environment: dict[str, str], say: Say) -> None:
    # Under a supervisor: where this process is killed, the next command finds the server and ends it.
    await control.launch(layout)
    await control.start(layout, [server.spec()], say)
    superuser = server.superuser_dsn
    for name in SERVICES:
        say(f"restoring {name}")
        await provision(superuser, name, server.secrets)
        await replace(superuser, name, f"{name}_owner", folder / f"{name}.dump", environment)
    await hold_mails(superuser, "notifier", HELD_WHY)


def _unpack(file: Path, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    if not file.exists():
        raise NotABackup(f"there is no file {file}")
    try:
        with tarfile.open(file) as archive:
            if MANIFEST not in archive.getnames():
                raise NotABackup(f"{file} is no backup of aktivera: it is an archive of something else")
            archive.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        if not (folder / "secrets" / "postgres-superuser").exists():
            raise NotABackup(f"{file} is no whole backup of aktivera: it holds no secrets")
        for name in SERVICES:
            verify(folder / f"{name}.dump", environment)
    except (tarfile.TarError, EOFError, ValueError) as error:
        why = str(error).partition("\n")[0].rstrip(":")  # then what each way to open it says
        raise NotABackup(f"{file} is no backup of aktivera, or it is damaged: {why}") from error
    except PostgresCannotRun as error:
        raise NotABackup(f"{file} is a damaged backup: {error}") from error
    return manifest


@contextmanager
def _noted(stands: str) -> Iterator[None]:
    try:
        yield
    except BaseException as end:
        end.add_note(stands)
        raise
