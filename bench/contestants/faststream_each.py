"""FastStream, a subscriber called for each event, with asyncpg and one transaction for each."""

import asyncio
from typing import Any

import asyncpg
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from bench.contestants import tables
from bench.contestants.handling import handle, positions
from bench.contestants.running import Work, run
from chassis.clock import system_clock


async def main(work: Work) -> None:
    connection = await asyncpg.connect(work.dsn)
    broker = KafkaBroker(work.kafka, logger=None)

    @broker.subscriber(
        work.topic,
        group_id=work.group,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
        decoder=lambda message: message.body,  # decoded once, by the same model as everybody's
    )
    async def listed(message: KafkaMessage) -> None:
        record: Any = message.raw_message
        async with connection.transaction():
            await tables.each(connection, handle(record.value, system_clock()))
            await tables.advance(connection, positions([record]))

    async with broker:
        await broker.start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(main)
