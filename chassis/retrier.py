"""Tries held events again, in order on each key, when their time has come or a person asks."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag

from chassis import held_events, version_guard
from chassis.db import Database
from chassis.failures import is_transient
from chassis.fold import FOLLOWS, Fold, Hold, read
from chassis.handling import Subscription
from chassis.heartbeats import Heartbeats, unheard
from chassis.metrics import RETRIES
from chassis.seal import Seal
from chassis.unit_of_work import UnitOfWork
from chassis.version_guard import Seen
from schemas.envelope import Catalogue
from schemas.errors import Refused

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
LIMIT_SECONDS = 60.0
ONE_GO = 200  # rows of one key in one transaction; the rest is due at once
PUT_OFF = timedelta(seconds=30)  # a key whose retry failed for reasons of ours; the others go on meanwhile
BY_ITSELF = "retrier"
UNREAD = frozenset({"undecodable", "unknown_event_type", "unsupported_version", FOLLOWS})


class HeldEventIsNotHead(Refused):
    """Another held event of the same key comes before this one, or it was settled meanwhile."""

    code = "held_event_not_head"


class HeldEventUnreadable(Refused):
    """It was sealed with another key, or its topic is read no more."""

    code = "held_event_unreadable"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a retry of a key has come to: how many went through, how many wait, and what is in the way: the head."""

    done: int
    left: int
    in_the_way: Hold | None = None
    head: int | None = None


class Retrier:
    """Works on the held events of one service, through the handlers of its subscriptions."""

    def __init__(
        self, database: Database, subscriptions: Mapping[str, Subscription], catalogue: Catalogue, seal: Seal
    ) -> None:
        self._database = database
        self._subscriptions = subscriptions
        self._catalogue = catalogue
        self._seal = seal
        self._beat: Callable[[], None] = unheard

    async def run(self, heartbeats: Heartbeats) -> None:
        """Until cancelled: takes one due key after the other."""
        heartbeats.expect("retrier", LIMIT_SECONDS)
        self._beat = lambda: heartbeats.beat("retrier")
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
        """Handles one key that is due; False where none was. A key that cannot be tried is put off, for the others."""
        async with self._database.unit_of_work() as uow:
            place = await held_events.due_key(uow)
            if place is None:
                return False
            try:
                async with uow.savepoint():
                    await self._replay(uow, *place, by=BY_ITSELF)
            except HeldEventUnreadable:
                log.error("held events cannot be opened", topic=place[0])
                await held_events.release_or_schedule(uow, *place, None)
            except Exception as error:
                log.warning("retry put off", topic=place[0], error=type(error).__name__)
                await held_events.release_or_schedule(uow, *place, uow.now + PUT_OFF)
        return True

    async def retry(self, uow: UnitOfWork, topic: str, key: str, by: str) -> Replayed:
        """Replays a key now, as far as one transaction takes it. Raises HeldEventUnreadable."""
        if not await held_events.lock_key(uow, topic, key):
            return Replayed(0, 0)
        return await self._replay(uow, topic, key, by)

    async def discard(self, uow: UnitOfWork, held_id: int, topic: str, key: str, by: str, reason: str) -> None:
        """Gives up the head of a key: the version that was expected counts as seen, and what waits is due at once.

        Raises HeldEventIsNotHead unless `held_id` is the head under the key's lock.
        """
        locked = await held_events.lock_key(uow, topic, key)
        rows = await held_events.waiting(uow, topic, key, 1) if locked else []
        if not rows or rows[0]["id"] != held_id:
            raise HeldEventIsNotHead
        await self._advance(uow, rows[0])
        await held_events.settle(uow, held_id, "discarded", by, reason)
        await held_events.release_or_schedule(uow, topic, key, uow.now)

    async def _advance(self, uow: UnitOfWork, head: Any) -> None:
        subscription = self._subscriptions.get(head["topic"])
        if subscription is None or not subscription.ours:
            return
        seen = await version_guard.load(uow, subscription.producer, [head["key"]])
        last = seen[head["key"]].version if head["key"] in seen else 0
        # Only the version that is expected can be passed over. What cannot be read counts as that one where it alone
        # is missing before the next that waits.
        version = self._version(head, subscription)
        if version is None and await held_events.next_version(uow, head, last) == last + 2:
            version = last + 1
        if version == last + 1:
            await version_guard.save(
                uow, subscription.producer, seen, {**seen, head["key"]: Seen(last + 1, head["event_id"])}
            )

    def _version(self, row: Any, subscription: Subscription) -> int | None:
        """The version of an event; None for what cannot be read: what it says of itself is a stranger's word."""
        try:
            item = read(held_events.record_of(row, self._seal), subscription, self._catalogue)
        except InvalidTag:  # its key is lost, but not what was found when it was read
            return None if row["reason"] in UNREAD else row["version"]
        return None if item.event is None else item.event.version

    async def _replay(self, uow: UnitOfWork, topic: str, key: str, by: str) -> Replayed:
        subscription = self._subscriptions.get(topic)
        if subscription is None:
            raise HeldEventUnreadable
        done = 0
        while rows := await held_events.waiting(uow, topic, key, ONE_GO - done):
            settled, hold = await self._in_order(uow, subscription, rows, by)
            done += settled
            if hold is None:
                continue
            failed = rows[settled]
            attempts = await held_events.failed_again(uow, failed["id"], hold.reason, hold.detail)
            (head,) = await held_events.waiting(uow, topic, key, 1)
            if head["id"] == failed["id"]:
                await self._wait(uow, failed, hold, attempts)
                return Replayed(done, await held_events.left(uow, topic, key), hold, head["id"])
            # It waits for a gap, or nothing does any more: what is left has another order now.
        await held_events.release_or_schedule(uow, topic, key, uow.now)
        log.info("held events replayed", topic=topic, events=done)
        return Replayed(done, await held_events.left(uow, topic, key))

    async def _in_order(
        self, uow: UnitOfWork, subscription: Subscription, rows: Sequence[Any], by: str
    ) -> tuple[int, Hold | None]:
        """How many of these are settled now, and what became of the one behind them."""
        fold = Fold(uow, subscription, self._catalogue, {}, replay=True, beat=self._beat)
        for settled, row in enumerate(rows):
            try:
                record = held_events.record_of(row, self._seal)
            except InvalidTag as error:
                raise HeldEventUnreadable from error
            fold.at_last = row["attempts"] + 1 == held_events.WAIT_TRIES  # and not again when a person tries it later
            outcome = await fold.apply([read(record, subscription, self._catalogue)])
            if outcome.holds:
                return settled, outcome.holds[0]
            await held_events.settle(uow, row["id"], "repeated" if outcome.repeated else "retried", by)
        return len(rows), None

    async def _wait(self, uow: UnitOfWork, row: Any, hold: Hold, attempts: int) -> None:
        most = held_events.WAIT_TRIES if hold.waits else held_events.TRIES
        by_itself = hold.again and attempts < most  # a person may have tried any number of times
        retry_at = uow.now + held_events.FIRST_RETRY * 2**attempts if by_itself else None
        await held_events.release_or_schedule(uow, row["topic"], row["key"], retry_at)
