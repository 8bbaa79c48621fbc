"""Owns a database as a file: written whole as it was at one moment, read back into an empty database in its place."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from aktivera.local.launch import complete
from aktivera.local.postgres.binaries import PostgresCannotRun, client_tools

SECONDS = 3600.0


def dump(superuser_dsn: str, database: str, file: Path, environment: Mapping[str, str]) -> None:
    """The database in Postgres' own format. Raises PostgresCannotRun."""
    _run(superuser_dsn, environment, "pg_dump", "--format=custom", f"--dbname={database}", f"--file={file}")


def verify(file: Path, environment: Mapping[str, str]) -> None:
    """Reads a dump's table of contents. Raises PostgresCannotRun where it is none."""
    answer = complete([str(client_tools() / "pg_restore"), "--list", str(file)], SECONDS, environment)
    if answer.returncode != 0:
        raise PostgresCannotRun(f"{file.name} is no dump: {answer.stderr.strip()[-300:]}")


async def replace(superuser_dsn: str, database: str, owner: str, file: Path, environment: Mapping[str, str]) -> None:
    """Puts the dump in the place of the database; whoever is connected is cut off. Raises PostgresCannotRun."""
    server = await asyncpg.connect(superuser_dsn)
    try:
        login = await server.fetchval("select quote_ident($1)", owner)
        name = await server.fetchval("select quote_ident($1)", database)
        await server.execute(f"drop database if exists {name} with (force)")
        await server.execute(f"create database {name} owner {login}")
        await server.execute(f"revoke all on database {name} from public")
        await server.execute(f"grant connect on database {name} to {login.removesuffix('_owner')}")
    finally:
        await server.close()
    # In a thread: where a person interrupts it, that is what is told, and not how pg_restore took it.
    await asyncio.to_thread(
        _run,
        superuser_dsn,
        environment,
        "pg_restore",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={database}",
        str(file),
    )


def _run(superuser_dsn: str, environment: Mapping[str, str], tool: str, *options: str) -> None:
    place = urlsplit(superuser_dsn)
    # The password goes by the environment: a command line can be read by everyone on the machine.
    secret = {"PGPASSWORD": unquote(place.password or "")}
    server = [f"--host={place.hostname}", f"--port={place.port}", f"--username={place.username}"]
    answer = complete([str(client_tools() / tool), *server, *options], SECONDS, {**environment, **secret})
    if answer.returncode != 0:
        raise PostgresCannotRun(f"{tool} failed: {answer.stderr.strip()[-500:]}")
