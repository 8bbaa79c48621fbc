"""Faust's take(500), and one insert … select unnest for each table."""

from typing import Any

import asyncpg

from bench.contestants import tables
from bench.contestants.faust_app import app_of, work_until_told
from bench.contestants.handling import handle, positions
from bench.contestants.running import arguments
from chassis.clock import system_clock

BATCH = 500  # 2,000 cost as much of Python and Postgres for each event
WORK = arguments()
app = app_of(WORK)


@app.agent(app.topic(WORK.topic, value_type=bytes, value_serializer="raw"))  # type: ignore[untyped-decorator]  # no types
async def listed(stream: Any) -> None:
    connection = await asyncpg.connect(WORK.dsn)
    async for events in stream.take_events(BATCH, within=0.2):
        now = system_clock()
        async with connection.transaction():
            await tables.unnest(connection, [handle(event.value, now) for event in events])
            await tables.advance(connection, positions([event.message for event in events]))


if __name__ == "__main__":
    work_until_told(app)
