"""Reads the topics of a service: batch by batch, effect and offset in one transaction, for as long as it takes."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError, NoOffsetForPartitionError, OffsetOutOfRangeError

from chassis import consumer_offsets, kafka
from chassis.batch import handle_batch
from chassis.breaker import Breaker
from chassis.consumer_offsets import (
    HistoryMissing,
    Offset,
    RecordUnreadable,
    StopReading,
    TopicChanged,
    record_id,
)
from chassis.failpoints import reached
from chassis.failures import is_transient
from chassis.handling import Record, Subscription
from chassis.large_records import cut
from chassis.metrics import RETRIES
from chassis.pace import Pace
from chassis.reading import Batch, Items, Reading, divided
from chassis.service import Context

log = structlog.get_logger(__name__)

POLL_MS = 500
KAFKA_SECONDS = 5.0
BATCH_SECONDS = 0.25  # batches are sized to stay near this
PARTS = 4  # of one poll; each is a transaction, and is decoded while Postgres has the one before
SMALLEST_BATCH = 50
LIMIT_SECONDS = 60.0
FIRST_BACKOFF, LONGEST_BACKOFF = 0.1, 5.0
STOPPED_SECONDS = 10.0


class Consumer:
    """One member of the service's group, or of that of its `reader`. `stopped_by`: why it does not read, if so."""

    def __init__(self, context: Context, subscriptions: Mapping[str, Subscription], reader: str | None = None) -> None:
        self._context = context
        self._loop = "consumer" if reader is None else f"reader {reader}"
        self._group = context.service.name if reader is None else f"{context.service.name}-{reader}"
        self._database = context.database
        self._subscriptions = subscriptions
        self._size = min(500, context.settings.batch_events)
        self._unverified: set[TopicPartition] = set()
        self._rebalances = 0
        self._leaving = False
        self._compare: dict[TopicPartition, Offset] = {}
        self._busy = asyncio.Lock()
        self._reading = Reading(subscriptions, context.service.catalogue)
        self._breaker = Breaker()
        self._uncommitted: dict[TopicPartition, int] = {}
        self._committed_at = 0.0
        self._backoff = FIRST_BACKOFF
        self.stopped_by: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Reads until `stop` is set. What stops reading is shown and looked at again; broken clients are replaced."""
        self._context.heartbeats.expect(self._loop, LIMIT_SECONDS)
        while not stop.is_set():
            self._beat()
            try:
                await self._read(stop)
            except StopReading as fact:
                self.stopped_by = f"{type(fact).__name__}: {fact}"
                log.error("reading stopped", reason=type(fact).__name__, detail=str(fact))
                await self._pause(stop, STOPPED_SECONDS)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("consumer starts anew", error=type(error).__name__)
                RETRIES.labels("consumer").inc()
                await self._pause(stop, self._next_backoff())

    async def _read(self, stop: asyncio.Event) -> None:
        self._leaving = False
        consumer = self._context.kafka.consumer(self._context.common, self._group)
        consumer.subscribe(list(self._subscriptions), listener=_Rebalances(self))
        self._pace = Pace(partial(self._context.kafka.ask, consumer), self._context.settings.gathering_seconds)
        try:
            async with asyncio.timeout(KAFKA_SECONDS * 4):
                await consumer.start()
            while not stop.is_set():
                self._beat()
                await self._turn(consumer, stop)
            await self._commit(consumer, force=True)
        finally:
            await self._context.kafka.leave(consumer)

    async def _turn(self, consumer: Any, stop: asyncio.Event) -> None:
        try:
            if self._unverified:
                await self._verify(consumer, sorted(self._unverified))
            if batch := await self._poll(consumer):
                async with self._busy:
                    await self._handle(batch, stop)
                self._backoff = FIRST_BACKOFF
                self._pace.handled(asyncio.get_running_loop().time())
            if not self._compare and not self._unverified:
                self.stopped_by = None
            await self._commit(consumer)
        except StopReading:
            raise
        except Exception as error:
            if not is_transient(error):
                raise
            if isinstance(error, KafkaError) and self._backoff >= LONGEST_BACKOFF:
                raise  # a client that does not recover by itself is replaced
            log.warning("not now", error=type(error).__name__)
            RETRIES.labels("batch").inc()
            await self._wait(consumer)

    async def _poll(self, consumer: Any) -> Batch:
        try:
            patience = int(1000 * self._pace.patience)
            got: Batch = await consumer.getmany(timeout_ms=patience, max_records=self._size * PARTS)
        except (NoOffsetForPartitionError, OffsetOutOfRangeError):
            self._unverified |= set(consumer.assignment())  # we say where to read; looked at before the next poll
            return {}
        except UnicodeDecodeError as error:
            raise RecordUnreadable("a header's name is not UTF-8, so that the client cannot read past it") from error
        came = sum(map(len, got.values()))
        self._pace.polled(came, asyncio.get_running_loop().time(), full=came >= self._size)
        await reached("consumer.after_getmany")
        return {
            place: self._compared(place, [cut(each) for each in got[place]])
            for place in got
            if place not in self._unverified
        }

    def _compared(self, place: TopicPartition, records: Sequence[Record]) -> Sequence[Record]:
        """Takes off the record before our offset, once it has proved that the topic is still the same.

        Raises TopicChanged.
        """
        known = self._compare.pop(place, None)
        if known is None:
            return records
        first = records[0]
        if first.offset >= known.next_offset and not self._subscriptions[place.topic].ours:
            return records  # compacted away, as it may be from a sender's topic
        if first.offset != known.next_offset - 1 or record_id(first) != known.last_event_id:
            raise TopicChanged(f"{place.topic}[{place.partition}]: another record before {known.next_offset}")
        return records[1:]

    async def _verify(self, consumer: Any, places: Sequence[TopicPartition]) -> None:
        """Seeks to our own offsets. Raises TopicChanged, HistoryMissing where the log does not fit them."""
        rebalances = self._rebalances
        places = [place for place in places if place in consumer.assignment()]
        known = await consumer_offsets.read(self._database, [(place.topic, place.partition) for place in places])
        try:
            async with asyncio.timeout(KAFKA_SECONDS * 2):
                begins = await consumer.beginning_offsets(places)
                ends = await consumer.end_offsets(places)  # asked last: another owner may have gone on meanwhile
        except TimeoutError as error:
            raise KafkaTimeoutError("the client does not say where the logs begin and end") from error
        for place in places:
            if (place.topic, place.partition) not in known:
                if begins[place] > 0 and self._subscriptions[place.topic].ours:
                    raise HistoryMissing(f"{place.topic}[{place.partition}]: begins at {begins[place]}")
                await consumer_offsets.start(self._database, (place.topic, place.partition), begins[place])
        if rebalances != self._rebalances:
            return  # the partitions were given anew meanwhile, and with them their positions
        for place in places:
            offset = known.get((place.topic, place.partition), Offset(begins[place], ""))
            self._seek(consumer, place, offset, begins[place], ends[place])
        self._unverified.clear()

    def _seek(self, consumer: Any, place: TopicPartition, offset: Offset, begin: int, end: int) -> None:
        if not begin <= offset.next_offset <= end:
            raise TopicChanged(f"{place.topic}[{place.partition}]: {offset.next_offset} is not in {begin}..{end}")
        compare = begin < offset.next_offset and offset.last_event_id != ""
        if compare:
            self._compare[place] = offset
        else:
            self._compare.pop(place, None)
        if place in consumer.assignment():
            consumer.seek(place, offset.next_offset - 1 if compare else offset.next_offset)
            consumer.resume(place)

    async def _handle(self, batch: Batch, stop: asyncio.Event) -> None:
        """In parts, until all is done, or we are to leave after the part in hand."""
        handled = 0
        parts = divided(batch, self._size)
        try:
            async with aclosing(self._reading.ahead(parts)) as reading:
                async for items in reading:
                    whole = await self._handle_part(items)
                    handled += 1
                    if not whole or stop.is_set() or self._leaving:
                        break
        except BaseException:
            self._size = max(SMALLEST_BATCH, self._size // 2)  # what was too much may pass in parts
            raise
        finally:
            if handled < len(parts):
                self._unverified |= set(batch)  # the next turn reads our offsets and seeks to them

    async def _handle_part(self, items: Items) -> bool:
        """Whether all of it is handled: up to a gap is not, which is to be named at once."""
        self._beat()
        started = asyncio.get_running_loop().time()
        offsets = await handle_batch(self._context, self._subscriptions, items, self._breaker, self._loop)
        await reached("consumer.after_commit")
        whole = True
        for (topic, partition), offset in offsets.items():
            place = TopicPartition(topic, partition)
            self._uncommitted[place] = offset.next_offset
            if offset.next_offset <= items[place][-1].offset:
                self._unverified.add(place)
                whole = False
        self._resize(sum(map(len, items.values())), asyncio.get_running_loop().time() - started)
        return whole

    def _resize(self, events: int, seconds: float) -> None:
        if seconds > BATCH_SECONDS * 1.5:
            self._size = max(SMALLEST_BATCH, self._size // 2)
        elif events >= self._size and seconds < BATCH_SECONDS:
            self._size = min(self._context.settings.batch_events, self._size * 2)

    async def _commit(self, consumer: Any, *, force: bool = False) -> None:
        """Tells Kafka how far we are, for those who watch lag there; nothing depends on it."""
        now = asyncio.get_running_loop().time()
        if not self._uncommitted or (not force and now - self._committed_at < 1.0):
            return
        offsets, self._uncommitted, self._committed_at = self._uncommitted, {}, now
        mine = {place: offset for place, offset in offsets.items() if place in consumer.assignment()}
        if not mine:
            return
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(KAFKA_SECONDS):
                await consumer.commit(mine)
        await reached("consumer.after_kafka_commit")

    async def _wait(self, consumer: Any) -> None:
        """Backs off while polling and heartbeats go on, so that the group keeps us."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._next_backoff()
        while loop.time() < until:
            self._beat()
            places = set(consumer.assignment())
            consumer.pause(*places)
            self._unverified |= places
            with suppress(NoOffsetForPartitionError, OffsetOutOfRangeError):
                await consumer.getmany(timeout_ms=min(POLL_MS, int(1000 * max(0.0, until - loop.time())) + 1))

    def _next_backoff(self) -> float:
        backoff = self._backoff * random.uniform(0.5, 1.0)
        self._backoff = min(self._backoff * 2, LONGEST_BACKOFF)
        return backoff

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)

    def _beat(self) -> None:
        self._context.heartbeats.beat(self._loop)

    def assigned(self, places: set[TopicPartition]) -> None:
        """A rebalance gave us these: each is verified before it is read."""
        self._rebalances += 1
        self._leaving = False
        self._unverified = set(places)
        self._compare.clear()

    async def revoked(self) -> None:
        """A rebalance begins: the part in hand ends first."""
        self._leaving = True
        with suppress(TimeoutError):
            async with asyncio.timeout(kafka.REBALANCE_MS / 1000 / 2):
                async with self._busy:
                    await reached("consumer.in_revoked")
        self._uncommitted.clear()


class _Rebalances(kafka.ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002  # the client's signature
        await self._consumer.revoked()

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._consumer.assigned(assigned)
