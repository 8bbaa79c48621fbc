"""The person who looks after held events: retries and discards heads, as chassis/operations.py does for a request."""

from chassis.failures import is_transient
from chassis.retrier import HeldEventIsNotHead, Retrier
from tests.integration.chassis import toy
from tests.simulation.held import in_order
from tests.simulation.rows import HeldEvent
from tests.simulation.world import SEAL, World
from tests.simulation.writer import EVENTS, GARBLED, NEVER, Written

NOT_YET = frozenset({"version_gap", "follows_held"})
"""Reasons for which nothing is given up: what is missing comes, or a retry says what is the matter."""


class Person:
    """Knows what it has given up, and which keys it leaves as they are at the end."""

    def __init__(self, world: World) -> None:
        self._world = world
        context = world.context(world.operator, [])
        self._database = context.database
        self._retrier = Retrier(context.database, context.subscriptions, toy.CATALOGUE, SEAL)
        self._busy: set[str] = set()
        self.discarded: set[int] = set()
        self.leaves: set[str] = set()
        self.never_leaves = False

    def held(self, key: str) -> list[HeldEvent]:
        rows = self._world.server.rows("held_events")
        return sorted(row for row in rows if row.key == key and row.settled_at is None)

    def written(self, row: HeldEvent) -> Written:
        return self._world.writer.at[row.partition, row.kafka_offset]

    def waits(self) -> list[str]:
        """On which something waits."""
        return sorted({row.key for row in self._world.server.rows("held_events") if row.settled_at is None})

    def retry(self, key: str) -> None:
        if key not in self._busy and self.held(key):
            self._busy.add(key)
            self._world.operator.spawn(self._retry(key))

    def discard(self, key: str) -> None:
        held = in_order(self.held(key))
        if key not in self._busy and held and self._may_be_discarded(held):
            self._busy.add(key)
            self.discarded.add(held[0].id)
            self._world.operator.spawn(self._discard(key, held[0].id))

    def _may_be_discarded(self, held: list[HeldEvent]) -> bool:
        """What is garbled only where its follower is there, so that the version it stood for is known."""
        if held[0].reason in NOT_YET:
            return False
        written = self.written(held[0])
        return written.kind != GARBLED or (len(held) > 1 and held[1].version == written.version + 1)

    async def _retry(self, key: str) -> None:
        try:
            async with self._database.unit_of_work() as uow:
                await self._retrier.retry(uow, EVENTS, key, "karin")
        except Exception as error:
            self._odd(error)
        finally:
            self._busy.discard(key)

    async def _discard(self, key: str, held_id: int) -> None:
        try:
            async with self._database.unit_of_work() as uow:
                await self._retrier.discard(uow, held_id, EVENTS, key, "karin", "never to be")
        except HeldEventIsNotHead:
            pass
        except Exception as error:
            self._odd(error)
        finally:
            self._busy.discard(key)

    def _odd(self, error: Exception) -> None:
        if not is_transient(error):
            self._world.wrong.append(f"a person's order failed: {error!r}")

    def settle(self) -> None:
        """At the end: retries what may go now, discards what never will, or decides to leave its key as it is."""
        for key in self.waits():
            held = in_order(self.held(key))
            if key in self.leaves or key in self._busy:
                continue
            if held[0].reason in NOT_YET or self.written(held[0]).kind not in NEVER:
                self.retry(key)
            elif not self.never_leaves and self._world.chance.random() < 0.3:
                self.leaves.add(key)
            else:
                self.discard(key)
