"""Sends what stands in the outbox to Kafka, in order, from one process at a time, and removes it once it is there."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import structlog
from aiokafka.errors import KafkaError

from chassis.failpoints import reached
from chassis.failures import NotNow, is_transient
from chassis.metrics import RELAYED, RETRIES
from chassis.service import Context

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=5)
SAFETY_SECONDS = 1.0  # what is sent must be acknowledged that long before the lease ends, and removed in the rest
POLL_SECONDS = 0.1  # the truth; a commit in this process wakes the relay at once
STANDBY_SECONDS = 1.0
ROWS = 4000  # a thousand rows make batches so small that the broker's syncs set the pace
BYTES = 8 * 1024 * 1024  # of payloads in one go
STOP_SECONDS = 2.0
LIMIT_SECONDS = 60.0
FIRST_BACKOFF, LONGEST_BACKOFF = 0.1, 2.0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send. `epoch` grows with each new owner; `until` is in the seconds of this process's event loop."""

    epoch: int
    until: float

    @property
    def left(self) -> float:
        return self.until - now() - SAFETY_SECONDS


class Relay:
    """One of the processes that may send. What a paused one sends again, the version guard drops."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._owner = uuid4()
        self._producer: Any = None
        self._rows = ROWS
        self._wake = asyncio.Event()
        context.database.on_published.append(self._wake.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Relays until `stop` is set, then gives the lease back."""
        self._context.heartbeats.expect("relay", LIMIT_SECONDS)
        backoff = FIRST_BACKOFF
        lease: Lease | None = None
        try:
            while not stop.is_set():
                self._context.heartbeats.beat("relay")
                try:
                    lease, idle = await self._turn(lease)
                    backoff = FIRST_BACKOFF
                except Exception as error:
                    if not is_transient(error):
                        log.exception("relay failed")
                    else:
                        log.warning("relay waits", error=type(error).__name__)
                    RETRIES.labels("relay").inc()
                    await self._drop_producer()
                    lease, idle, backoff = None, backoff, min(backoff * 2, LONGEST_BACKOFF)
                if idle:
                    await self._rest(stop, idle)
        finally:
            await self._drop_producer()
            with suppress(Exception):  # another takes it when it runs out
                await self._release()

    async def _turn(self, lease: Lease | None) -> tuple[Lease | None, float]:
        """One round. Answers the lease and for how long there is nothing to do (0: go on at once)."""
        if lease is None or lease.left < LEASE.total_seconds() / 2:
            lease = await self._claim()
            await reached("relay.after_claim")
        if lease is None:
            return None, STANDBY_SECONDS
        self._wake.clear()
        rows = within_bytes(await self._database.fetch(READ, self._rows))
        if not rows:
            return lease, POLL_SECONDS
        await reached("relay.after_read")
        acknowledged = await self._send(rows, lease)
        await reached("relay.after_acks")
        await self._remove(rows[:acknowledged], lease)
        RELAYED.inc(acknowledged)
        if acknowledged < len(rows):
            self._rows = max(1, acknowledged, len(rows) // 2)  # what did not fit into the lease is taken in parts
            raise NotNow(f"{len(rows) - acknowledged} of {len(rows)} events were not acknowledged in time")
        full = len(rows) == self._rows
        self._rows = min(ROWS, self._rows * 2)
        return lease, 0.0 if full or self._wake.is_set() else POLL_SECONDS

    async def _claim(self) -> Lease | None:
        before = now()
        epoch = await self._database.fetchrow(CLAIM, self._owner, LEASE)
        return None if epoch is None else Lease(epoch["epoch"], before + LEASE.total_seconds())

    async def _send(self, rows: list[Any], lease: Lease) -> int:
        """Sends rows and answers how many of them, from the first on, are acknowledged while the lease is ours."""
        sent: list[asyncio.Future[Any]] = []
        if lease.left <= 0:
            raise NotNow("the lease ended before anything was sent")
        with suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(lease.left):
                await self._send_all(rows, sent)
                await reached("relay.after_some_acks")
                for each in sent:
                    await asyncio.shield(each)
        count = 0
        for each in sent:
            if not each.done() or each.cancelled() or each.exception() is not None:
                break
            count += 1
        for each in sent[count:]:
            each.cancel()
        return count

    async def _send_all(self, rows: list[Any], sent: "list[asyncio.Future[Any]]") -> None:
        if self._producer is None:
            self._producer = self._context.kafka.producer(self._context.common)
            await self._producer.start()
        prefix = self._context.common.topic_prefix
        for row in rows:
            sent.append(
                await self._producer.send(
                    prefix + row["topic"],
                    row["payload"],
                    key=None if row["key"] is None else row["key"].encode(),
                    headers=[(name, value.encode()) for name, value in orjson.loads(row["headers"]).items()],
                )
            )

    async def _remove(self, rows: list[Any], lease: Lease) -> None:
        if not rows:
            return
        removed = await self._database.execute(REMOVE, [row["id"] for row in rows], self._owner, lease.epoch)
        if removed != f"DELETE {len(rows)}":
            raise NotNow("the lease went to another process; what it sends again is dropped by the version guard")

    async def _release(self) -> None:
        await self._database.execute(RELEASE, self._owner)

    async def _drop_producer(self) -> None:
        """After an unknown outcome the client is not used again: what is in it would come in between later."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._context.kafka.abandon(producer)

    async def _rest(self, stop: asyncio.Event, seconds: float) -> None:
        waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def now() -> float:
    """Monotonic seconds of the event loop."""
    return asyncio.get_running_loop().time()


def within_bytes(rows: list[Any]) -> list[Any]:
    """The first rows whose payloads together stay below BYTES; always at least one."""
    total = 0
    for count, row in enumerate(rows):
        total += len(row["payload"])
        if total > BYTES and count:
            return rows[:count]
    return rows


CLAIM = """
update relay_lease set owner = $1, until = clock_timestamp() + $2, epoch = epoch + (owner is distinct from $1)::int
 where name = 'outbox' and (owner = $1 or until < clock_timestamp())
returning epoch"""

READ = "select id, topic, key, headers, payload from outbox order by id limit $1"

REMOVE = """
delete from outbox o using relay_lease l
 where o.id = any($1::bigint[])
   and l.name = 'outbox' and l.owner = $2 and l.epoch = $3 and l.until > clock_timestamp()"""

RELEASE = "update relay_lease set until = '-infinity' where name = 'outbox' and owner = $1"
