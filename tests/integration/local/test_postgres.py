"""Postgres on this machine: committed rows survive kill -9, and a service's login can work but not build."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from aktivera.local.launch import launch
from aktivera.local.postgres import PostgresNode, provision
from aktivera.local.postgres.account import Account, home_for
from aktivera.local.postgres.binaries import PostgresCannotRun
from aktivera.local.postgres.remains import settle
from aktivera.local.process_identity import identity_of, is_alive
from tests.eventually import eventually

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def started(postgres: PostgresNode, tmp_path: Path) -> AsyncIterator[PostgresNode]:
    """A server that the test may end and start again by itself; what is left of it is ended."""
    postgres.prepare()
    process = launch(postgres.spec(), tmp_path / "log")
    await postgres.ready()
    yield postgres
    postgres.stop_immediate()
    process.wait(20)


async def test_rows_are_there_after_kill_9(postgres: PostgresNode, tmp_path: Path) -> None:
    postgres.prepare()
    process = launch(postgres.spec(), tmp_path / "log")
    await postgres.ready()
    connection = await asyncpg.connect(postgres.superuser_dsn)
    await connection.execute("create table facts (fact int); insert into facts values (1)")
    backend = identity_of(await connection.fetchval("select pg_backend_pid()"))
    assert backend is not None
    os.kill(process.pid, signal.SIGKILL)
    # Not waited for: the dead server is a zombie now, and its pid stands in its lock file.
    connection.terminate()
    await eventually(lambda: _gone(process.pid), 10)

    postgres.prepare()
    assert not is_alive(backend)
    second = launch(postgres.spec(), tmp_path / "log")
    try:
        await postgres.ready()
        connection = await asyncpg.connect(postgres.superuser_dsn)
        assert await connection.fetchval("select sum(fact) from facts") == 1
        await connection.close()
    finally:
        assert postgres.stop_immediate()
        second.wait(20)
        process.wait(20)


async def test_a_running_server_s_lock_is_left_alone(started: PostgresNode) -> None:
    started.prepare()
    connection = await asyncpg.connect(started.superuser_dsn)
    assert await connection.fetchval("show fsync") == "on"
    assert await connection.fetchval("show server_version_num") >= "180000"
    assert await connection.fetchval("show data_checksums") == "on"
    assert await connection.fetchval("select lower('ÅÄÖ')") == "åäö"
    await connection.close()


async def test_a_service_works_in_its_database_and_builds_nothing(started: PostgresNode, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    first = await provision(started.superuser_dsn, "onboarding", secrets)
    assert await provision(started.superuser_dsn, "onboarding", secrets) == first
    other = await provision(started.superuser_dsn, "notifier", secrets)
    owner, service = await asyncpg.connect(first.owner), await asyncpg.connect(first.service)
    try:
        await owner.execute("create table clients (id bigserial primary key, name text)")
        await service.execute("insert into clients (name) values ('Exempelbolaget')")
        assert await service.fetchval("update clients set name = 'X' returning id") == 1
        for forbidden in (
            "create table mine (a int)",
            "drop table clients",
            "truncate clients",
            "create temp table t ()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(forbidden)
        assert await service.fetchval("show statement_timeout") == "30s"
        assert await service.fetchval("show lock_timeout") == "10s"
        assert await service.fetchval("show idle_in_transaction_session_timeout") == "1min"
    finally:
        await owner.close()
        await service.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(other.service.removesuffix("notifier") + "onboarding")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(first.service.replace("://onboarding:", "://onboarding:x"))
    assert all(secret.stat().st_mode & 0o777 == 0o600 for secret in secrets.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="not run: only root runs the server as another account")
def test_a_closed_home_is_left_for_a_place_that_is_always_the_same(tmp_path: Path) -> None:
    account = Account(65534, 65534)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = home_for(closed / "postgres", account)
    assert home == home_for(closed / "postgres", account)
    assert not home.is_relative_to(closed)


def test_data_whose_place_was_deleted_is_not_found_again(tmp_path: Path) -> None:
    wanted, elsewhere = tmp_path / "wanted", tmp_path / "elsewhere"
    settle(wanted, elsewhere)
    elsewhere.mkdir()
    settle(wanted, elsewhere)
    assert elsewhere.exists()
    (wanted / "lies-elsewhere").unlink()
    settle(wanted, elsewhere)
    assert not elsewhere.exists()


def test_data_without_its_password_is_refused(postgres: PostgresNode) -> None:
    postgres.prepare()
    (postgres.secrets / "postgres-superuser").unlink()
    with pytest.raises(PostgresCannotRun, match="make clean"):
        postgres.prepare()


async def test_a_service_s_name_cannot_carry_sql(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        await provision("postgresql://x", 'a"; drop database b', tmp_path)


async def _gone(pid: int) -> bool:
    identity = identity_of(pid)
    return identity is None or not is_alive(identity)
