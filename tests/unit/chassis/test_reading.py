"""A poll is handled in parts: all of it, in order, and never more than one part is read ahead."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from chassis.failures import Unprocessable
from chassis.handling import Handler, Record, Subscription
from chassis.reading import IN_ONE_GO, Batch, Reading, divided
from schemas.catalogue import CATALOGUE

PLACES = [TopicPartition("client-events", number) for number in range(3)]


@dataclass(frozen=True)
class Kept:
    """A record of which only the place matters here."""

    topic: str
    partition: int
    offset: int
    key: bytes | None = None
    value: bytes | None = b"{}"
    headers: tuple[tuple[str, bytes | None], ...] = ()


def batch_of(counts: list[int]) -> Batch:
    return {
        place: [Kept(place.topic, place.partition, n) for n in range(count)]
        for place, count in zip(PLACES, counts, strict=False)
    }


@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=3), size=st.integers(1, 20))
def test_the_parts_are_all_of_the_batch_in_its_order(counts: list[int], size: int) -> None:
    batch = batch_of(counts)
    parts = divided(batch, size)
    for place, records in batch.items():
        assert [each for part in parts for each in part.get(place, [])] == records
    lengths = [sum(map(len, part.values())) for part in parts]
    assert lengths[:-1] == [size] * (len(parts) - 1)
    assert all(0 < length <= size for length in lengths)


def reading_of(read: list[int]) -> Reading:
    """Notes the offset of each record that is decoded."""

    def decode(record: Record) -> None:
        read.append(record.offset)
        raise Unprocessable("undecodable", "only counted")

    handler: Handler[str, object] = Handler(load=None, decide={}, save=None)  # type: ignore[arg-type]  # not reached
    subscription = Subscription("client-events", handler, "onboarding", decode=decode)  # type: ignore[arg-type]  # raises
    return Reading({"client-events": subscription}, CATALOGUE)


async def test_the_next_part_is_read_while_one_is_in_use_and_no_more() -> None:
    read: list[int] = []
    parts = divided(batch_of([9]), 3)
    async with aclosing(reading_of(read).ahead(parts)) as ahead:
        first = await anext(ahead)
        assert read == [0, 1, 2]
        await asyncio.sleep(0)  # as whoever waits for the database does
        assert read == [0, 1, 2, 3, 4, 5]
        await asyncio.sleep(0)
        assert read == [0, 1, 2, 3, 4, 5]
    assert [item.offset for item in first[PLACES[0]]] == [0, 1, 2]
    await asyncio.sleep(0)
    assert read == [0, 1, 2, 3, 4, 5]  # who left early had nothing more read


async def test_others_have_their_turn_while_a_large_part_is_read() -> None:
    read: list[int] = []
    (part,) = divided(batch_of([IN_ONE_GO * 3]), IN_ONE_GO * 3)
    reading = asyncio.create_task(reading_of(read).items(part))
    await asyncio.sleep(0)
    assert len(read) == IN_ONE_GO
    await reading
    assert len(read) == IN_ONE_GO * 3
