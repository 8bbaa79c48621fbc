"""aiokafka's getmany, and the driver's executemany for each table, in one transaction for each batch."""

import asyncpg

from bench.contestants import tables
from bench.contestants.handling import handle, positions
from bench.contestants.running import Work, run
from chassis.clock import system_clock

BATCH = 500  # 2,000 cost as much of Python and Postgres for each event


async def main(work: Work) -> None:
    connection = await asyncpg.connect(work.dsn)
    async with work.consumer() as consumer:
        while True:
            got = await consumer.getmany(timeout_ms=500, max_records=BATCH)
            records = [record for each in got.values() for record in each]
            if not records:
                continue
            now = system_clock()
            async with connection.transaction():
                await tables.executemany(connection, [handle(record.value, now) for record in records])
                await tables.advance(connection, positions(records))


if __name__ == "__main__":
    run(main)
