"""L0: the bytes of each record, undecoded, by COPY into one table without an index."""

import asyncpg

from bench.contestants import tables
from bench.contestants.handling import positions
from bench.contestants.running import Work, run

BATCH = 2000


async def main(work: Work) -> None:
    connection = await asyncpg.connect(work.dsn)
    async with work.consumer() as consumer:
        while True:
            got = await consumer.getmany(timeout_ms=500, max_records=BATCH)
            records = [record for each in got.values() for record in each]
            if not records:
                continue
            async with connection.transaction():
                await connection.copy_records_to_table(
                    "raw_records", records=[(record.key, record.value) for record in records]
                )
                await tables.advance(connection, positions(records))


if __name__ == "__main__":
    run(main)
