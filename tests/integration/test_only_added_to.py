"""PROMISE: records of what people did are only added to, even by the owner of the tables: a trigger refuses."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from chassis.service import Service
from services.activation.__main__ import SERVICE as ACTIVATION
from services.onboarding.__main__ import SERVICE as ONBOARDING
from tests.infrastructure import Infrastructure

RECORDS = [(ACTIVATION, "history"), (ONBOARDING, "identity_reveals"), (ONBOARDING, "source_acts")]


@pytest.mark.parametrize(("service", "table"), RECORDS, ids=[table for _, table in RECORDS])
async def test_nobody_changes_a_record(
    infra: Infrastructure, database_for: Callable[[Service], Awaitable[str]], service: Service, table: str
) -> None:
    name = (await database_for(service)).rpartition("/")[2]
    anybody = await asyncpg.connect(f"{infra.superuser_dsn.rpartition('/')[0]}/{name}")
    try:
        for statement in (f"delete from {table}", f"truncate {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only added to"):
                await anybody.execute(statement)
    finally:
        await anybody.close()
