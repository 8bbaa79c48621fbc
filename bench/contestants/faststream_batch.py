"""FastStream with batch=True, and one insert … select unnest for each table."""

import asyncio

import asyncpg
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from bench.contestants import tables
from bench.contestants.handling import handle, positions
from bench.contestants.running import Work, run
from chassis.clock import system_clock

BATCH = 2000


async def main(work: Work) -> None:
    connection = await asyncpg.connect(work.dsn)
    broker = KafkaBroker(work.kafka, logger=None)

    @broker.subscriber(
        work.topic,
        group_id=work.group,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
        batch=True,
        max_records=BATCH,
        decoder=lambda message: message.body,  # decoded once, by the same model as everybody's
    )
    async def listed(message: KafkaMessage) -> None:
        records = message.raw_message
        now = system_clock()
        async with connection.transaction():
            await tables.unnest(connection, [handle(record.value, now) for record in records])
            await tables.advance(connection, positions(records))

    async with broker:
        await broker.start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(main)
