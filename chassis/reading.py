"""Divides what was polled into parts, a transaction each, and decodes one while Postgres has the one before."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

from aiokafka import TopicPartition

from chassis.fold import Item, read
from chassis.handling import Record, Subscription
from schemas.envelope import Catalogue

IN_ONE_GO = 50
"""Records decoded before others have their turn: about a millisecond."""

Batch = dict[TopicPartition, Sequence[Record]]
Items = dict[TopicPartition, Sequence[Item]]


def divided(batch: Mapping[TopicPartition, Sequence[Record]], size: int) -> list[Batch]:
    """Parts of `size` records, the last one less: all of the batch, each partition in its order."""
    parts: list[Batch] = []
    room = 0
    for place, records in batch.items():
        begin = 0
        while begin < len(records):
            if room == 0:
                parts.append({})
                room = size
            taken = records[begin : begin + room]
            parts[-1][place] = taken
            begin += len(taken)
            room -= len(taken)
    return parts


class Reading:
    """Decodes by the subscriptions of a service; nothing here depends on what is stored."""

    def __init__(self, subscriptions: Mapping[str, Subscription], catalogue: Catalogue) -> None:
        self._subscriptions = subscriptions
        self._catalogue = catalogue

    async def items(self, part: Mapping[TopicPartition, Sequence[Record]]) -> Items:
        """The part decoded, in small steps, so that whoever waits for the database goes on when it has answered."""
        found: Items = {}
        for place, records in part.items():
            subscription = self._subscriptions[place.topic]
            items: list[Item] = []
            for begin in range(0, len(records), IN_ONE_GO):
                if items:
                    await asyncio.sleep(0)
                items += [read(each, subscription, self._catalogue) for each in records[begin : begin + IN_ONE_GO]]
            found[place] = items
        return found

    async def ahead(self, parts: Sequence[Batch]) -> AsyncGenerator[Items, None]:
        """The parts in order; while one is in use, the next is decoded, and no more."""
        coming: asyncio.Task[Items] | None = None
        try:
            for number, part in enumerate(parts):
                items = await (coming or self.items(part))
                coming = asyncio.create_task(self.items(parts[number + 1])) if number + 1 < len(parts) else None
                yield items
        finally:
            if coming is not None:
                coming.cancel()
