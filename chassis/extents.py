"""Where topics begin, for a moment, and end: for a reader that keeps no offsets."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis import kafka
from chassis.settings import CommonSettings

SECONDS = 15.0

Place = tuple[str, int]
"""A topic's name as it is in Kafka, and a partition's number."""


@dataclass(frozen=True, slots=True)
class Extent:
    """From the first record of the moment asked for, or later, to where the next one will be."""

    begin: int
    end: int


class Extents:
    """Looks over one connection, again and again. A look raises KafkaError or TimeoutError while nobody answers."""

    def __init__(self, common: CommonSettings) -> None:
        self._common = common

    async def __aenter__(self) -> Self:
        self._reader: Any = kafka.reader(self._common)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=self._common.kafka_bootstrap)
        try:
            async with asyncio.timeout(SECONDS):
                await self._reader.start()
                await self._admin.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        with suppress(Exception):
            await kafka.leave(self._reader)
        with suppress(Exception):
            await self._admin.close()

    async def since(self, moment: datetime, wanted: Callable[[str], bool]) -> dict[Place, Extent]:
        """The extents of all partitions of the `wanted` topics that there are."""
        async with asyncio.timeout(SECONDS):
            places = await self._places(wanted)
            ends = await self._reader.end_offsets(places) if places else {}
            timed = await self._reader.offsets_for_times(dict.fromkeys(places, int(moment.timestamp() * 1000)))
            begins = {place: found.offset for place, found in timed.items() if found}
            if not begins and places:  # a broker that knows no times, as the mock does, has nothing for any
                begins = await self._reader.beginning_offsets(places)
        return {(place.topic, place.partition): Extent(begins.get(place, end), end) for place, end in ends.items()}

    async def ends(self, wanted: Callable[[str], bool]) -> dict[Place, int]:
        """Where the next record of each partition will be."""
        async with asyncio.timeout(SECONDS):
            places = await self._places(wanted)
            ends = await self._reader.end_offsets(places) if places else {}
        return {(place.topic, place.partition): end for place, end in ends.items()}

    async def _places(self, wanted: Callable[[str], bool]) -> list[TopicPartition]:
        topics = sorted(filter(wanted, await self._admin.list_topics()))
        found = await self._admin.describe_topics(topics) if topics else []
        return [TopicPartition(each["topic"], one["partition"]) for each in found for one in each["partitions"]]
