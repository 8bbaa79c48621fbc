"""Single batches of the chassis, clean and with one row that save cannot write, by turns; prints their seconds."""

import asyncio
import time
from typing import Any

import orjson
from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from bench import events
from bench.contestants.running import NO_LINKS, Work, run
from chassis import consumer_offsets, logs
from chassis.batch import handle_batch
from chassis.breaker import Breaker
from chassis.lifecycle import opened
from chassis.reading import Reading
from chassis.service import Context
from services.activation.__main__ import SERVICE
from services.activation.settings import ActivationSettings

PARTITIONS, EVENTS, ROUNDS = 12, 1992, 8
UNWRITABLE = "Bolaget\x00 AB"  # JSON carries the character, Postgres refuses it in any text


def batch(topic: str, number: int, name: str | None) -> dict[TopicPartition, list[ConsumerRecord]]:
    """The next records of each partition; the one in the middle carries `name`."""
    each = EVENTS // PARTITIONS
    got: dict[TopicPartition, list[ConsumerRecord]] = {}
    for partition in range(PARTITIONS):
        records = []
        for offset in range(number * each, (number + 1) * each):
            worst = name if partition == PARTITIONS // 2 and offset == number * each + each // 2 else None
            message = events.created(offset, name=worst)
            place: tuple[Any, ...] = (topic, partition, offset, 0, 0, message.key, message.value, None, 0, 0)
            records.append(ConsumerRecord(*place, message.headers))
        got[TopicPartition(topic, partition)] = records
    return got


async def main(work: Work) -> None:
    logs.configure("activation", "error")
    context = await opened(SERVICE, work.common, ActivationSettings(database_dsn=work.dsn, link_keys_file=NO_LINKS))
    for partition in range(PARTITIONS):
        await consumer_offsets.start(context.database, (work.topic, partition), 0)
    seconds: dict[str, list[float]] = {"warm": [], "clean": [], "poison": []}
    breaker = Breaker()
    kinds = ["warm"] * 3 + ["clean", "poison", "poison", "clean"] * (ROUNDS // 2)
    for number, kind in enumerate(kinds):
        seconds[kind].append(
            await _timed(context, breaker, batch(work.topic, number, UNWRITABLE if kind == "poison" else None))
        )
    held = await context.database.fetch("select reason from held_events")
    print(orjson.dumps({**seconds, "held": [row["reason"] for row in held]}).decode(), flush=True)
    await asyncio.Event().wait()


async def _timed(context: Context, breaker: Breaker, records: dict[TopicPartition, list[ConsumerRecord]]) -> float:
    started = time.perf_counter()
    items = await Reading(context.subscriptions, context.service.catalogue).items(records)
    await handle_batch(context, context.subscriptions, items, breaker)
    return time.perf_counter() - started


if __name__ == "__main__":
    run(main)
