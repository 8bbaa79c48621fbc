"""L1, the limit on the same work: getmany, decode, decide, COPY into the same tables; no promise is kept.

No lock on the offsets, no versions read, no look at what is held, no load; repeats are known from memory alone.
"""

import asyncpg

from bench.contestants import tables
from bench.contestants.handling import handle, positions
from bench.contestants.running import Work, run
from chassis.clock import system_clock

BATCH = 2000


async def main(work: Work) -> None:
    connection = await asyncpg.connect(work.dsn)
    known: set[bytes] = set()
    async with work.consumer() as consumer:
        while True:
            got = await consumer.getmany(timeout_ms=500, max_records=BATCH)
            records = [record for each in got.values() for record in each]
            if not records:
                continue
            now = system_clock()
            new = []
            for record in records:
                if record.key not in known:
                    known.add(record.key)
                    new.append(handle(record.value, now))
            async with connection.transaction():
                await tables.copy(connection, new)
                await tables.advance(connection, positions(records))


if __name__ == "__main__":
    run(main)
