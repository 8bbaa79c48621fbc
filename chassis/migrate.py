"""Migrations: Alembic, plain SQL, a transaction each, one process at a time; the chassis' tables first, then ours."""

import asyncio
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:  # Alembic and SQLAlchemy are loaded where migrations run: 25 MB that no service needs
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

CHASSIS = Path(__file__).parent / "migrations"
VERSION_TABLES = {True: "alembic_version_chassis", False: "alembic_version"}
LOCK_SECONDS = 10
LOCK = 7_211_020  # any number, the same everywhere


class LockHeld(Exception):  # named after the fact
    """A revision waited too long for a table that another session holds, and nothing of it was done."""


@cache
def newest_revisions(migrations: Path) -> frozenset[str]:
    """The revisions that a migrated database stands at; read from the files' names, without Alembic."""
    return frozenset(_newest(folder) for folder in (CHASSIS, migrations))


def _newest(folder: Path) -> str:
    last = max((folder / "versions").glob("[0-9]*.py"))
    for line in last.read_text(encoding="utf-8").splitlines():
        if line.startswith("revision = "):
            return line.split('"')[1]
    raise ValueError(f"{last.name} names no revision")


def migrate(dsn: str, migrations: Path) -> list[str]:
    """Brings one database to the newest revisions and answers what was run. Waits for another that migrates it.

    Each revision is a transaction: what fails undoes itself, and those before it stay. Raises LockHeld.
    """
    return asyncio.run(_migrate(dsn, migrations))


async def _migrate(dsn: str, migrations: Path) -> list[str]:
    from sqlalchemy import text
    from sqlalchemy.engine import make_url
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(make_url(dsn).set(drivername="postgresql+asyncpg"))
    try:
        async with engine.connect() as connection:
            # The session's, since it spans transactions; it goes with the session.
            await connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
            await connection.commit()
            done: list[str] = []
            for folder in (CHASSIS, migrations):
                while revision := await _next(connection, folder):
                    done.append(revision)
            return done
    finally:
        await engine.dispose()


async def _next(connection: "AsyncConnection", folder: Path) -> str | None:
    from sqlalchemy import text

    async with connection.begin():
        # Who waits for a table's lock stops everybody behind it: better to fail, and to be started again.
        await connection.execute(text(f"set local lock_timeout = '{LOCK_SECONDS}s'"))
        return await connection.run_sync(_upgrade, folder)


def _upgrade(connection: "Connection", folder: Path) -> str | None:
    """Runs the next revision and answers which; None where there is none left."""
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    done: list[str] = []

    def steps(revision: object, _: object) -> object:
        steps = scripts._upgrade_revs("head", revision)[:1]  # type: ignore[arg-type]  # Alembic hands it over untyped
        done.extend(step.revision.revision for step in steps)
        return steps

    context = MigrationContext.configure(
        connection, opts={"fn": steps, "version_table": VERSION_TABLES[folder == CHASSIS], "script": scripts}
    )
    # Plain SQL with several statements goes to the driver as it is: SQLAlchemy would prepare it, which takes one only.
    context.impl.execute = lambda sql, execution_options=None: _plain(connection, sql)  # type: ignore[method-assign]  # noqa: ARG005
    try:
        with Operations.context(context):
            context.run_migrations()
    except asyncpg.LockNotAvailableError:
        raise LockHeld(
            f"{done[0]} waited {LOCK_SECONDS} s for a table that another session holds, and nothing of it was done: "
            "migrate again once that session has ended (pg_stat_activity shows it)"
        ) from None
    return done[0] if done else None


def _plain(connection: "Connection", sql: object) -> None:
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.run_async(lambda raw: raw.execute(str(sql)))
