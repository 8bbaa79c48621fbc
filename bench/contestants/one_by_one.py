"""aiokafka, one record and one transaction after the other."""

import asyncpg

from bench.contestants import tables
from bench.contestants.handling import handle, positions
from bench.contestants.running import Work, run
from chassis.clock import system_clock


async def main(work: Work) -> None:
    connection = await asyncpg.connect(work.dsn)
    async with work.consumer() as consumer:
        async for record in consumer:
            async with connection.transaction():
                await tables.each(connection, handle(record.value, system_clock()))
                await tables.advance(connection, positions([record]))


if __name__ == "__main__":
    run(main)
