"""Faust, an agent that takes one event and one transaction after the other."""

from typing import Any

import asyncpg

from bench.contestants import tables
from bench.contestants.faust_app import app_of, work_until_told
from bench.contestants.handling import handle, positions
from bench.contestants.running import arguments
from chassis.clock import system_clock

WORK = arguments()
app = app_of(WORK)


@app.agent(app.topic(WORK.topic, value_type=bytes, value_serializer="raw"))  # type: ignore[untyped-decorator]  # no types
async def listed(stream: Any) -> None:
    connection = await asyncpg.connect(WORK.dsn)
    async for event in stream.events():
        async with connection.transaction():
            await tables.each(connection, handle(event.value, system_clock()))
            await tables.advance(connection, positions([event.message]))


if __name__ == "__main__":
    work_until_told(app)
