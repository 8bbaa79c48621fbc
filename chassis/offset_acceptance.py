"""Where our offsets do not fit the log any more: what is wrong, where reading can go on, and a person's word for it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from chassis import consumer_offsets, kafka
from chassis.consumer_offsets import GapDetected, HistoryMissing, Offset, TopicChanged, record_id
from chassis.failures import NotNow
from chassis.handling import Record
from chassis.service import Context
from chassis.unit_of_work import UnitOfWork

KAFKA_SECONDS = 15.0
LOOK_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One partition: what we have handled, what the log holds, and where it does not fit why and where to go on."""

    topic: str
    partition: int
    handled: int | None
    begins: int
    ends: int
    fact: str | None = None
    go_on_at: int | None = None


async def standings(context: Context, topics: Sequence[str]) -> list[Standing]:
    """All partitions of topics that this service reads, by their names in Kafka.

    Raises KafkaError, TimeoutError, and NotNow where the broker is too slow to tell.
    """
    reader = kafka.reader(context.common)
    try:
        async with asyncio.timeout(KAFKA_SECONDS):
            await reader.start()
            numbers = await kafka.partitions(context.common, topics)
            places = [TopicPartition(topic, number) for topic in topics for number in numbers.get(topic, ())]
            reader.assign(places)
            known = await consumer_offsets.read(context.database, [(place.topic, place.partition) for place in places])
            begins, ends = await reader.beginning_offsets(places), await reader.end_offsets(places)
            records = await _records(reader, known, begins, ends)
    finally:
        await kafka.leave(reader)
    ours = {topic: context.subscriptions[topic].ours for topic in topics}
    return [
        _standing(
            place, known.get((place.topic, place.partition)), begins[place], ends[place], records, ours[place.topic]
        )
        for place in places
    ]


async def accept(uow: UnitOfWork, standing: Standing, by: str, reason: str) -> bool:
    """Lets reading go on, and notes who, when and why. False where the offset was moved meanwhile."""
    moved = await uow.connection.fetchrow(
        """insert into consumer_offsets as o (topic, partition, next_offset, last_event_id) values ($1, $2, $3, '')
           on conflict (topic, partition) do update set next_offset = excluded.next_offset, last_event_id = ''
             where o.next_offset = $4
           returning topic""",
        standing.topic,
        standing.partition,
        standing.go_on_at,
        standing.handled,
    )
    if moved is None:
        return False
    await uow.connection.execute(
        """insert into offset_acceptances
             (topic, partition, fact, offset_before, offset_after, accepted_by, reason, accepted_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        standing.topic,
        standing.partition,
        standing.fact,
        standing.handled,
        standing.go_on_at,
        by,
        reason,
        uow.now,
    )
    return True


async def _records(
    reader: Any, known: dict[consumer_offsets.Place, Offset], begins: dict[Any, int], ends: dict[Any, int]
) -> dict[TopicPartition, list[Record]]:
    """The record before each of our offsets, and some after it where there are any. Raises NotNow."""
    looked = {
        place
        for place in begins
        if (offset := known.get((place.topic, place.partition))) is not None
        and begins[place] < offset.next_offset <= ends[place]
    }
    for place in begins:
        if place in looked:
            reader.seek(place, known[place.topic, place.partition].next_offset - 1)
        else:
            reader.seek(place, begins[place])
            reader.pause(place)
    found: dict[TopicPartition, list[Record]] = {place: [] for place in looked}
    until = asyncio.get_running_loop().time() + LOOK_SECONDS
    while looked:
        if asyncio.get_running_loop().time() >= until:
            names = ", ".join(f"{place.topic}[{place.partition}]" for place in sorted(looked))
            raise NotNow(f"not read within {LOOK_SECONDS:.0f} seconds: {names}")
        for place, records in (await reader.getmany(timeout_ms=500)).items():
            found[place].extend(records)
        for place in sorted(looked):
            here = found[place]
            behind = bool(here) and here[-1].offset >= known[place.topic, place.partition].next_offset
            if behind or await reader.position(place) >= ends[place]:
                looked.remove(place)
                reader.pause(place)
    return found


def _standing(
    place: TopicPartition,
    known: Offset | None,
    begins: int,
    ends: int,
    records: dict[TopicPartition, list[Record]],
    ours: bool,
) -> Standing:
    def named(fact: type[Exception] | None, go_on_at: int | None = None) -> Standing:
        handled = None if known is None else known.next_offset
        return Standing(
            place.topic, place.partition, handled, begins, ends, None if fact is None else fact.__name__, go_on_at
        )

    if known is None:
        return named(HistoryMissing, begins) if ours and begins > 0 else named(None)
    if not begins <= known.next_offset <= ends:
        return named(TopicChanged, begins)
    if known.next_offset == begins:
        return named(None)
    here = records.get(place, [])
    before = here[0] if here and here[0].offset < known.next_offset else None
    gone = before is None and not ours  # compacted away, as it may be from a sender's topic
    if known.last_event_id and not gone and not _fits(before, known):
        return named(TopicChanged, begins)
    after = [record.offset for record in here if record.offset >= known.next_offset]
    if ours and after and after[0] != known.next_offset:
        return named(GapDetected, after[0])
    return named(None)


def _fits(before: Record | None, known: Offset) -> bool:
    return before is not None and before.offset == known.next_offset - 1 and record_id(before) == known.last_event_id
