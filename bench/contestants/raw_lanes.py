"""Raw produce as the relay does it: the same payloads from memory, in whole batches through its lanes."""

import asyncio
from typing import Any

import asyncpg

from bench.contestants.running import Work, run
from chassis.kafka import Clients
from chassis.produce import Ack, Lanes

ROWS = 4000


async def main(work: Work) -> None:
    connection = await asyncpg.connect(work.dsn)
    rows: list[Any] = await connection.fetch("select id, topic, key, headers, payload from outbox order by id")
    lanes = Lanes(Clients(), work.common)
    try:
        for first in range(0, len(rows), ROWS):
            some = rows[first : first + ROWS]
            acks: list[Ack | None] = [None] * len(some)
            await lanes.send(some, acks, alone=False)
        await asyncio.Event().wait()
    finally:
        await lanes.abandon()


if __name__ == "__main__":
    run(main)
