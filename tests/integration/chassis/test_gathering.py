"""Records that come one by one are handled several at a time where handling is slow."""

from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic

import asyncpg

from chassis.service import Context
from tests.eventually import eventually
from tests.infrastructure import Infrastructure
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming

RECORDS = 200
SLOW_SECONDS = 0.04
SLOW = f"""
create function slow() returns trigger language plpgsql as 'begin perform pg_sleep({SLOW_SECONDS}); return null; end';
create trigger slow after insert on seen_versions for each statement execute function slow()"""


async def test_what_trickles_in_is_gathered_for_as_long_as_the_batch_before_took(
    open_toy: Callable[[], Awaitable[Context]], writer: Writer, infra: Infrastructure
) -> None:
    """Red where the next batch does not wait: batches have nearly all of the time then, and not about half of it."""
    context = await open_toy()
    await _superuser(infra, context, SLOW)
    async with consuming(context):
        await writer.send(toy.AddedV1(tally="first"))
        await eventually(partial(_handled, context, 1), within=20)
        began = monotonic()
        for number in range(RECORDS):
            await writer.send(toy.AddedV1(tally=f"t{number}"))
        await eventually(partial(_handled, context, RECORDS + 1), within=20)
        seconds = monotonic() - began
    row = await context.database.fetchrow("select count(distinct xmin::text) as batches from seen_versions")
    assert row["batches"] * SLOW_SECONDS < 0.65 * seconds, (row, seconds)


async def _handled(context: Context, expected: int) -> bool:
    row = await context.database.fetchrow("select count(*) as n from seen_versions")
    assert row["n"] == expected, row
    return True


async def _superuser(infra: Infrastructure, context: Context, statements: str) -> None:
    database = context.settings.dsn.rpartition("/")[2]
    connection = await asyncpg.connect(infra.superuser_dsn, database=database)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
