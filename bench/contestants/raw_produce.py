"""The limit for a relay: the same payloads from memory, sent idempotently, none waited for before the end."""

import asyncio

import asyncpg
import orjson

from bench.contestants.running import Work, run
from chassis import kafka


async def main(work: Work) -> None:
    connection = await asyncpg.connect(work.dsn)
    rows = await connection.fetch("select topic, key, headers, payload from outbox order by id")
    messages = [
        (
            work.prefix + row["topic"],
            row["payload"],
            row["key"].encode(),
            [(name, value.encode()) for name, value in orjson.loads(row["headers"]).items()],
        )
        for row in rows
    ]
    producer = kafka.producer(work.common)
    await producer.start()
    try:
        for topic, value, key, headers in messages:
            await producer.send(topic, value, key=key, headers=headers)
        await producer.flush()
        await asyncio.Event().wait()
    finally:
        await producer.stop()


if __name__ == "__main__":
    run(main)
