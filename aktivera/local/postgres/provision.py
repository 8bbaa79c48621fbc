"""Owns a service's place in Postgres: its database, the owner that migrates it, the login that works in it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg

from aktivera.local.credentials import password

LIMITS = {"statement_timeout": "30s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"}
"""Settings of each service's login: after so long Postgres ends what it does."""
# Any number that is always the same: it makes two provisionings of one server wait for each other.
_LOCK = 4_117_293


@dataclass(frozen=True)
class Dsns:
    """With passwords. `owner` migrates and owns every table; `service` reads and writes, and changes no schema."""

    owner: str
    service: str


async def provision(
    superuser_dsn: str, service: str, secrets: Path, database: str | None = None, *, anew: bool = False
) -> Dsns:
    """Make or confirm the two roles and the database of `service`; safe to repeat, passwords are made once.

    The database is called as the service where no other name is given; `anew` drops what it held.
    """
    database = database or service
    for name in (service, database):
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,50}", name):
            raise ValueError(f"{name!r} cannot name a role and a database")
    owner = f"{service}_owner"
    passwords = {role: password(secrets, f"postgres-{role}") for role in (owner, service)}
    server: asyncpg.Connection[Any] = await asyncpg.connect(superuser_dsn)
    try:
        await server.execute(f"select pg_advisory_lock({_LOCK})")
        for role, secret in passwords.items():
            await _role(server, role, secret)
        if anew:
            await server.execute(f'drop database if exists "{database}" with (force)')
        if not await server.fetchval("select true from pg_database where datname = $1", database):
            await server.execute(f'create database "{database}" owner "{owner}"')
        await server.execute(f'revoke all on database "{database}" from public')
        await server.execute(f'grant connect on database "{database}" to "{service}"')
    finally:
        await server.close()
    await _grant(superuser_dsn, database, service, owner)
    return Dsns(*(dsn(superuser_dsn, role, database, passwords[role]) for role in (owner, service)))


def dsn(server: str, role: str, database: str, secret: str | None = None) -> str:
    """The address of `database` as `role` on the server of another address; without a password if none is given."""
    place = urlsplit(server)
    login = role if secret is None else f"{role}:{quote(secret, safe='')}"
    return f"postgresql://{login}@{place.hostname}:{place.port}/{database}"


async def _role(server: "asyncpg.Connection[Any]", role: str, secret: str) -> None:
    if not await server.fetchval("select true from pg_roles where rolname = $1", role):
        await server.execute(f'create role "{role}"')
    # `alter role` takes no parameters: the server itself quotes the password.
    quoted = await server.fetchval("select quote_literal($1::text)", secret)
    await server.execute(f'alter role "{role}" login nosuperuser nocreatedb nocreaterole password {quoted}')
    for setting, value in LIMITS.items():
        await server.execute(f"alter role \"{role}\" set {setting} = '{value}'")


async def _grant(superuser_dsn: str, database: str, service: str, owner: str) -> None:
    place = urlsplit(superuser_dsn)._replace(path=f"/{database}").geturl()
    connection: asyncpg.Connection[Any] = await asyncpg.connect(place)
    try:
        await connection.execute(f"""
            revoke all on schema public from public;
            grant usage on schema public to "{service}";
            alter default privileges for role "{owner}" in schema public
                grant select, insert, update, delete on tables to "{service}";
            alter default privileges for role "{owner}" in schema public
                grant usage, select on sequences to "{service}";
        """)
    finally:
        await connection.close()
