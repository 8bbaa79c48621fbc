"""Owns the end of a restore: what was made ready beside takes the place of what is here, which is kept beside."""

import shutil
from pathlib import Path

from aktivera.local import set_back
from aktivera.local.layout import Layout, Say
from aktivera.local.postgres import PostgresNode

READY = ".restoring"
BEFORE = ".before-restore"


def beside(layout: Layout, ending: str) -> tuple[PostgresNode, Path]:
    """The server, on no port yet, and the secrets that lie beside today's."""
    secrets = layout.secrets.with_name(layout.secrets.name + ending)
    return PostgresNode(layout.postgres.with_name(layout.postgres.name + ending), 0, secrets), secrets


def decide(layout: Layout, file: Path) -> None:
    """From here on there is no way back: whoever comes next finishes it."""
    layout.decided_restore.write_text(f"{file}\n")


def finish(layout: Layout, say: Say) -> None:
    """The swap that was decided, from wherever it was cut off; nothing where none was. No server may run."""
    if not layout.decided_restore.exists():
        return
    today, secrets = beside(layout, "")
    ready, ready_secrets = beside(layout, READY)
    before, secrets_before = beside(layout, BEFORE)
    if ready.home.exists():
        if today.home.exists():
            today.move(before)
            say(f"the databases that were here are kept as .local/{before.data_dir.name}")
        ready.move(today)
    if ready_secrets.exists():
        if any(secrets.iterdir()):  # empty: moved already, and made anew by the command that goes on here
            shutil.rmtree(secrets_before, ignore_errors=True)
            set_back.note(secrets)
            secrets.rename(secrets_before)
            say(f"the secrets that were here are kept as .local/{secrets_before.name}")
        ready_secrets.rename(secrets)
    layout.decided_restore.unlink()


def remove(layout: Layout) -> None:
    """What was kept, and what was not made ready."""
    layout.decided_restore.unlink(missing_ok=True)
    for ending in (READY, BEFORE):
        postgres, secrets = beside(layout, ending)
        postgres.remove()
        shutil.rmtree(secrets, ignore_errors=True)
