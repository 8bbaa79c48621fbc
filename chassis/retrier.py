"""Tries held events again, in order on each key, when their time has come or a person asks."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from chassis import held_events, version_guard
from chassis.db import Database
from chassis.failures import is_transient
from chassis.fold import Fold, Hold, read
from chassis.handling import Subscription
from chassis.heartbeats import Heartbeats
from chassis.metrics import RETRIES
from chassis.seal import Seal
from chassis.unit_of_work import UnitOfWork
from chassis.version_guard import Seen
from schemas.envelope import Catalogue

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
LIMIT_SECONDS = 60.0
ONE_GO = 200  # rows of one key in one transaction
BY_ITSELF = "retrier"


class Retrier:
    """Works on the held events of one service, through the handlers of its subscriptions."""

    def __init__(
        self, database: Database, subscriptions: Mapping[str, Subscription], catalogue: Catalogue, seal: Seal
    ) -> None:
        self._database = database
        self._subscriptions = subscriptions
        self._catalogue = catalogue
        self._seal = seal

    async def run(self, heartbeats: Heartbeats) -> None:
        """Until cancelled: takes one due key after the other."""
        heartbeats.expect("retrier", LIMIT_SECONDS)
        while True:
            heartbeats.beat("retrier")
            try:
                busy = await self.once()
            except Exception as error:
                if not is_transient(error):
                    log.exception("retrier failed")
                RETRIES.labels("retrier").inc()
                busy = False
            if not busy:
                await asyncio.sleep(POLL_SECONDS)

    async def once(self) -> bool:
        """Handles one key that is due; False where none was."""
        async with self._database.unit_of_work() as uow:
            place = await held_events.due_key(uow)
            if place is None:
                return False
            await self._replay(uow, *place, by=BY_ITSELF)
        return True

    async def retry(self, uow: UnitOfWork, topic: str, key: str, by: str) -> Sequence[Hold]:
        """Replays a key now. Answers what is still in the way, empty where all went through."""
        if not await held_events.lock_key(uow, topic, key):
            return []
        return await self._replay(uow, topic, key, by)

    async def discard(self, uow: UnitOfWork, topic: str, key: str, by: str, reason: str) -> None:
        """Gives up the head of a key: its version counts as seen, and what waits behind it is due at once."""
        if not await held_events.lock_key(uow, topic, key):
            return
        rows = await held_events.waiting(uow, topic, key, 2)
        if not rows:
            return
        await self._advance(uow, topic, rows)
        await held_events.settle(uow, [rows[0]["id"]], "discarded", by, reason)
        await held_events.release_or_schedule(uow, topic, key, uow.now)

    async def _advance(self, uow: UnitOfWork, topic: str, rows: Sequence[Any]) -> None:
        subscription = self._subscription(topic)
        if not subscription.ours:
            return
        head = rows[0]
        seen = await version_guard.load(uow, subscription.producer, [head["key"]])
        last = seen[head["key"]].version if head["key"] in seen else 0
        follower = rows[1]["version"] if len(rows) > 1 else None
        version = head["version"] or (follower - 1 if follower else last + 1)  # unreadable: what its follower expects
        if version > last:
            await version_guard.save(
                uow, subscription.producer, seen, {**seen, head["key"]: Seen(version, head["event_id"])}
            )

    async def _replay(self, uow: UnitOfWork, topic: str, key: str, by: str) -> Sequence[Hold]:
        subscription = self._subscription(topic)
        fold = Fold(uow, subscription, self._catalogue, set())
        rows = await held_events.waiting(uow, topic, key, ONE_GO)
        for row in rows:
            item = read(held_events.record_of(row, self._seal), subscription, self._catalogue)
            outcome = await fold.apply([item])
            if outcome.holds:
                await self._wait(uow, row, outcome.holds[0])
                return outcome.holds
            await held_events.settle(uow, [row["id"]], "retried", by)
        await held_events.release_or_schedule(uow, topic, key, uow.now)
        log.info("held events replayed", topic=topic, events=len(rows))
        return []

    async def _wait(self, uow: UnitOfWork, row: Any, hold: Hold) -> None:
        attempts = await held_events.failed_again(uow, row["id"], hold.reason, hold.detail)
        again = hold.again and attempts < held_events.TRIES
        delay = timedelta(seconds=held_events.FIRST_RETRY.total_seconds() * 2**attempts)
        await held_events.release_or_schedule(uow, row["topic"], row["key"], uow.now + delay if again else None)

    def _subscription(self, topic: str) -> Subscription:
        return self._subscriptions[topic]
