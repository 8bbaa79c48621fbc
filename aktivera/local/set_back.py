"""Owns what follows where databases were set back: mails held before the notifier starts, and what a person does."""

from pathlib import Path

import asyncpg

from aktivera.local.layout import Say

NEXT_STEPS = """what to do now (docs/operations.md, Backup and restore):
  0. let no callers and no senders in                 before the announcements of 2 are finished
  1. aktivera offsets show SERVICE                    until all is handled; where an offset does not fit: offsets accept
  2. aktivera announce onboarding --after-restore --for-real
     aktivera announce activation --after-restore --for-real
  3. aktivera reconcile --for-real                    again, until nothing is left that an announcement mends
  4. aktivera mail list --would-send                  what the mail server's log says was sent:
     aktivera mail release --but MAIL --for-real
  5. aktivera mail release --for-real                 no mail goes out before"""

_NOTE = "put-aside-by-a-restore"


async def hold_mails(superuser_dsn: str, database: str, why: str) -> None:
    """Before the notifier starts: what it would send may have been sent by what stood here since."""
    connection = await asyncpg.connect(superuser_dsn.rpartition("/")[0] + f"/{database}")
    try:
        if await connection.fetchval("select to_regclass('mail_gate')"):
            await connection.execute("update mail_gate set held = true, since = now(), by = 'restore', why = $1", why)
    finally:
        await connection.close()


def note(secrets: Path) -> None:
    """These secrets and their databases are put aside. The note goes with them, and comes back with them."""
    (secrets / _NOTE).touch(mode=0o600)


async def heed(secrets: Path, superuser_dsn: str, database: str, say: Say) -> None:
    """Where a person has put them back, since when others spoke for them: the same steps as after a restore."""
    if (secrets / _NOTE).exists():
        await hold_mails(superuser_dsn, database, "put back after a restore")
        say(NEXT_STEPS)
        (secrets / _NOTE).unlink()
