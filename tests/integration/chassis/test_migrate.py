"""PROMISE: each revision is all or nothing by itself, and none waits long for a table that somebody holds."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chassis import migrate
from chassis.ids import uuid7
from chassis.migrate import LockHeld
from tests.infrastructure import Infrastructure

REVISION = '''"""A revision."""

from alembic import op

revision = "{name}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""{sql}""")
'''


@pytest.fixture
async def dsn(infra: Infrastructure) -> AsyncIterator[str]:
    """An empty database."""
    name = f"t_{uuid7().hex}"
    connection = await asyncpg.connect(infra.superuser_dsn)
    await connection.execute(f"create database {name}")
    yield f"{infra.superuser_dsn.rpartition('/')[0]}/{name}"
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


def revisions(folder: Path, *statements: str) -> Path:
    """A folder of migrations, one for each statement."""
    (folder / "versions").mkdir(parents=True, exist_ok=True)
    for number, sql in enumerate(statements, 1):
        before = f'"r_{number - 1}"' if number > 1 else None
        text = REVISION.format(name=f"r_{number}", before=before, sql=sql)
        (folder / "versions" / f"{number:04}_r.py").write_text(text)
    return folder


async def run(dsn: str, folder: Path) -> list[str]:
    done = await asyncio.to_thread(migrate.migrate, dsn, folder)
    return [each for each in done if each.startswith("r_")]


async def fetch(dsn: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


FIRST = "create table one (a int); insert into one values (1)"


async def test_a_revision_that_fails_leaves_nothing_of_itself_and_all_before_it(dsn: str, tmp_path: Path) -> None:
    folder = revisions(tmp_path, FIRST, "create table two (a int); select 1/0", "create table three (a int)")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await run(dsn, folder)
    assert await fetch(dsn, "select a from one") == [(1,)]
    assert await fetch(dsn, "select version_num from alembic_version") == [("r_1",)]
    assert await fetch(dsn, "select to_regclass('two')::text, to_regclass('three')::text") == [(None, None)]

    mended = revisions(folder, FIRST, "create table two (a int)", "create table three (a int)")
    assert await run(dsn, mended) == ["r_2", "r_3"]
    assert await run(dsn, mended) == []


async def test_a_revision_whose_table_is_held_gives_up_and_says_so(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 1)
    assert await run(dsn, revisions(tmp_path, FIRST)) == ["r_1"]
    folder = revisions(tmp_path, FIRST, "create table two (a int)", "alter table one add column b int")
    holder = await asyncpg.connect(dsn)
    try:
        async with holder.transaction():
            await holder.fetch("select a from one")
            with pytest.raises(LockHeld, match="r_3 waited 1 s for a table that another session holds"):
                await run(dsn, folder)
        assert await fetch(dsn, "select version_num from alembic_version") == [("r_2",)]
    finally:
        await holder.close()
    assert await run(dsn, folder) == ["r_3"]


async def test_of_two_that_migrate_at_once_one_waits_and_finds_it_done(dsn: str, tmp_path: Path) -> None:
    folder = revisions(tmp_path, FIRST, "select pg_sleep(0.2)", "create table three (a int)")
    done = await asyncio.gather(run(dsn, folder), run(dsn, folder))
    assert sorted(done) == [[], ["r_1", "r_2", "r_3"]]
