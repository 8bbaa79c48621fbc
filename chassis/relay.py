"""Sends what stands in the outbox to Kafka, in order, from one process at a time, and removes it once it is there."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import structlog
from aiokafka.errors import KafkaError

from chassis.failpoints import reached
from chassis.failures import NotNow, is_transient
from chassis.lease import CLAIM, LEASE, RELEASE, Lease, now
from chassis.metrics import RELAYED, RETRIES
from chassis.produce import Ack, Lanes, Sent
from chassis.service import Context

log = structlog.get_logger(__name__)

# The truth, for what other processes commit; a commit in this process wakes the relay at once.
POLL_SECONDS, LONGEST_POLL_SECONDS = 0.1, 0.25
STANDBY_SECONDS = 1.0
ROWS = 4000  # a thousand rows make batches so small that the broker's syncs set the pace
BATCHES_UNDER_WAY, ROWS_UNDER_WAY = 8, 2 * ROWS
BYTES = 4 * 1024 * 1024  # of payloads in one go
STOP_SECONDS = 2.0
LIMIT_SECONDS = 60.0
FIRST_BACKOFF, LONGEST_BACKOFF = 0.1, 2.0


class Relay:
    """One of the processes that may send. What a paused one sends again, the version guard drops.

    Several batches may be under way: while one is handed to Kafka, one before it is removed and the next one read.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._owner = uuid4()
        self._lanes: Lanes | None = None
        self._rows = ROWS
        self._poll = POLL_SECONDS
        self._gathering = context.settings.relay_gathering_seconds
        self._gathers_until = 0.0
        self._under_way: deque[Sent] = deque()
        self._reading: asyncio.Task[list[Any]] | None = None
        self._removing: asyncio.Task[None] | None = None
        self._removed: list[int] = []
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
                        detail = str(error) if isinstance(error, NotNow) else ""
                        log.warning("relay waits", error=type(error).__name__, detail=detail)
                    RETRIES.labels("relay").inc()
                    await self._drop_producers()
                    lease, idle, backoff = None, backoff, min(backoff * 2, LONGEST_BACKOFF)
                if idle:
                    await self._rest(stop, idle, wakes=lease is not None)
            if lease is not None:
                with suppress(Exception):  # the next owner sends again what is left
                    async with asyncio.timeout(STOP_SECONDS):
                        await self._finish_all(lease)
        finally:
            await self._drop_producers()
            with suppress(Exception):  # another takes it when it runs out
                await self._release()

    async def _turn(self, lease: Lease | None) -> tuple[Lease | None, float]:
        """One round. Answers the lease and for how long there is nothing to do (0: go on at once)."""
        if lease is None or lease.left < LEASE.total_seconds() / 2:
            before, lease = lease, await self._claim()
            await reached("relay.after_claim")
            if before is not None and (lease is None or lease.epoch != before.epoch):
                raise NotNow("the lease went to another process")
        if lease is None:
            return None, STANDBY_SECONDS
        if self._has_room() and not self._early() and (rows := await self._next_rows()):
            if len(rows) < self._rows:
                self._gathers_until = now() + self._gathering  # a turn costs as much for one row as for many
            await reached("relay.after_read")
            if not await self._send(rows, lease):
                await self._finish_all(lease)  # nothing may go behind what did not go; the last is not whole
        if not self._under_way:
            # What another process said meanwhile, or did not fit, wakes nobody: after the gathering it is looked again.
            return lease, self._early() or self._next_poll()
        self._poll = POLL_SECONDS
        if self._reading is not None and self._has_room():
            return lease, 0.0
        if await self._settled(self._under_way[0], lease):
            await self._finish(self._under_way.popleft(), lease)
        return lease, 0.0

    def _has_room(self) -> bool:
        if self._under_way and self._lanes is not None and self._lanes.narrow:
            return False  # what is sent by another producer could overtake them
        rows = sum(len(sent.rows) for sent in self._under_way)
        return len(self._under_way) < BATCHES_UNDER_WAY and rows < ROWS_UNDER_WAY

    async def _claim(self) -> Lease | None:
        before = now()
        epoch = await self._database.fetchrow(CLAIM, self._owner, LEASE)
        return None if epoch is None else Lease(epoch["epoch"], before + LEASE.total_seconds())

    async def _next_rows(self) -> list[Any]:
        reading, self._reading = self._reading, None
        if reading is not None:
            return await reading
        self._wake.clear()
        if self._under_way:
            return await self._behind()
        await self._end_of_removal()  # else it would be read and sent again
        return await self._database.fetch(READ, self._rows)

    def _behind(self) -> Coroutine[Any, Any, list[Any]]:
        """Reads the rows that come behind those under way at this moment, as many as one batch takes."""
        known = [row["id"] for sent in self._under_way for row in sent.rows]
        last, rows = known[-1], self._rows
        known += self._removed

        async def read() -> list[Any]:
            return await self._database.fetch(READ_BEHIND, rows, last, known)

        return read()

    async def _send(self, rows: Sequence[Any], lease: Lease) -> bool:
        """Hands rows to Kafka's clients; False where these did not take all of them before the lease ended."""
        if lease.left <= 0:
            raise NotNow("the lease ended before anything was sent")
        acks: list[Ack | None] = [None] * len(rows)
        self._under_way.append(Sent(rows, acks))
        if len(rows) >= self._rows:
            self._reading = asyncio.create_task(self._behind())
        try:
            async with asyncio.timeout(lease.left):
                if self._lanes is None:
                    self._lanes = Lanes(self._context.kafka, self._context.common)
                await self._lanes.send(rows, acks, alone=len(self._under_way) == 1)
        except (TimeoutError, KafkaError) as error:
            topics = sorted({row["topic"] for row, ack in zip(rows, acks, strict=True) if ack is None})
            log.warning("kafka does not take all", error=type(error).__name__, topics=topics)
            return False
        return True

    async def _settled(self, sent: Sent, lease: Lease) -> bool:
        """Waits until Kafka has answered for all rows or the lease is at its end; False: something new was said."""
        answers = asyncio.create_task(self._answers(sent))
        waits: list[asyncio.Task[Any]] = [answers]
        if self._has_room():
            waits.append(asyncio.create_task(self._woken()))
        try:
            await asyncio.wait(waits, timeout=lease.left, return_when=asyncio.FIRST_COMPLETED)
            if answers.done():
                answers.result()
            return answers.done() or lease.left <= 0
        finally:
            for wait in waits:
                wait.cancel()

    async def _woken(self) -> None:
        """Ends when something was said in this process, and has gathered."""
        if early := self._early():
            await asyncio.sleep(early)
        await self._wake.wait()

    def _next_poll(self) -> float:
        """For how many seconds it rests, longer each time; what is said meanwhile, or was already, ends it."""
        self._poll = min(self._poll * 1.2, LONGEST_POLL_SECONDS)
        return self._poll

    def _early(self) -> float:
        """For how many seconds what is said gathers yet. Less than a millisecond, left by rounding, is none: uvloop
        does not sleep for it."""
        left = self._gathers_until - now()
        return left if left >= 0.001 else 0.0

    async def _answers(self, sent: Sent) -> None:
        await sent.first_answer()
        await reached("relay.after_some_acks")
        await sent.answers()

    async def _finish(self, sent: Sent, lease: Lease) -> None:
        """Removes the rows, from the first on, that are acknowledged. Raises NotNow where these are not all."""
        acknowledged = sent.acknowledged()
        sent.forget()
        await reached("relay.after_acks")
        await self._end_of_removal()
        self._removed = [row["id"] for row in sent.rows[:acknowledged]]
        if acknowledged:
            self._removing = asyncio.create_task(self._remove(self._removed, lease))
        if acknowledged < len(sent.rows):
            await self._end_of_removal()  # so that it goes on, however slow Kafka is
            self._rows = max(1, acknowledged, len(sent.rows) // 2)  # what did not fit into the lease is taken in parts
            raise NotNow(f"{len(sent.rows) - acknowledged} of {len(sent.rows)} events were not acknowledged in time")
        self._rows = min(ROWS, self._rows * 2)

    async def _finish_all(self, lease: Lease) -> None:
        """Waits for all that is under way. Raises NotNow where a part of it is not acknowledged in time."""
        while self._under_way:
            with suppress(TimeoutError):
                async with asyncio.timeout(lease.left):
                    await self._under_way[0].answers()
            await self._finish(self._under_way.popleft(), lease)
        await self._end_of_removal()

    async def _remove(self, ids: list[int], lease: Lease) -> None:
        await reached("relay.before_remove")
        removed = await self._database.execute(REMOVE, ids, self._owner, lease.epoch)
        if removed != f"DELETE {len(ids)}":
            raise NotNow("the lease went to another process; what it sends again is dropped by the version guard")
        await reached("relay.after_remove")
        RELAYED.inc(len(ids))

    async def _end_of_removal(self) -> None:
        removing, self._removing = self._removing, None
        if removing is not None:
            await removing
        self._removed = []

    async def _release(self) -> None:
        await self._database.execute(RELEASE, self._owner)

    async def _drop_producers(self) -> None:
        """After an unknown outcome the clients are not used again: what is in them would come in between later."""
        lanes, self._lanes = self._lanes, None
        for sent in self._under_way:
            sent.forget()
        self._under_way.clear()
        tasks = [task for task in (self._reading, self._removing) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            ended, _ = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            for each in ended:
                each.cancelled() or each.exception()  # looked at, so that the event loop does not complain of it
        self._reading, self._removing, self._removed = None, None, []
        if lanes is not None:
            await lanes.abandon()

    async def _rest(self, stop: asyncio.Event, seconds: float, *, wakes: bool) -> None:
        """`wakes`: what is said in this process ends it; without the lease there is nothing to do about that."""
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
        if wakes:
            waits.append(asyncio.create_task(self._woken()))
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


# Rows whose payloads together stay below BYTES; always at least one.
_WITHIN_BYTES = """
select id, topic, key, headers, payload
  from (select *, sum(octet_length(payload)) over (order by id) - octet_length(payload) as before from ({})) r
 where before < {} order by id"""

READ = _WITHIN_BYTES.format("select id, topic, key, headers, payload from outbox order by id limit $1", BYTES)

# Nothing where a lower id was committed after the rows under way had been read: its aggregate may have rows behind.
READ_BEHIND = _WITHIN_BYTES.format(
    """
select id, topic, key, headers, payload from outbox
 where id > $2 and not exists (select id from outbox where id <= $2 except select unnest($3::bigint[]))
 order by id limit $1""",
    BYTES,
)

# Not synced to disk, which the next rows would wait for. Rows that come back with a server that crashed within that
# second are sent again, in order, as after a crash between the acknowledgement and the removal.
REMOVE = """
with unsynced as materialized (select set_config('synchronous_commit', 'off', true))
delete from outbox o using relay_lease l, unsynced
 where o.id = any($1::bigint[])
   and l.name = 'outbox' and l.owner = $2 and l.epoch = $3 and l.until > clock_timestamp()"""
