"""Migrations: Alembic, plain SQL, under an advisory lock; the chassis' own tables first, then the service's."""

import asyncio
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Alembic and SQLAlchemy are loaded where migrations run: 25 MB that no service needs
    from sqlalchemy import Connection

CHASSIS = Path(__file__).parent / "migrations"
VERSION_TABLES = {True: "alembic_version_chassis", False: "alembic_version"}
LOCK_SECONDS = 10
LOCK = 7_211_020  # any number, the same everywhere


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
    """Brings one database to the newest revisions and answers what was run. Waits for another that migrates it."""
    return asyncio.run(_migrate(dsn, migrations))


async def _migrate(dsn: str, migrations: Path) -> list[str]:
    from sqlalchemy import text
    from sqlalchemy.engine import make_url
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(make_url(dsn).set(drivername="postgresql+asyncpg"))
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            # Who waits for a table's lock stops everybody behind it: better to fail, and to be started again.
            await connection.execute(text(f"set local lock_timeout = '{LOCK_SECONDS}s'"))
            done: list[str] = []
            for folder in (CHASSIS, migrations):
                done += await connection.run_sync(_upgrade, folder)
            return done
    finally:
        await engine.dispose()


def _upgrade(connection: "Connection", folder: Path) -> list[str]:
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
        steps = scripts._upgrade_revs("head", revision)  # type: ignore[arg-type]  # Alembic hands it over untyped
        done.extend(step.revision.revision for step in steps)
        return steps

    context = MigrationContext.configure(
        connection, opts={"fn": steps, "version_table": VERSION_TABLES[folder == CHASSIS], "script": scripts}
    )
    # Plain SQL with several statements goes to the driver as it is: SQLAlchemy would prepare it, which takes one only.
    context.impl.execute = lambda sql, execution_options=None: _plain(connection, sql)  # type: ignore[method-assign]  # noqa: ARG005
    with Operations.context(context):
        context.run_migrations()
    return done


def _plain(connection: "Connection", sql: object) -> None:
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.run_async(lambda raw: raw.execute(str(sql)))
