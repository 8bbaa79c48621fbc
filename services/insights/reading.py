"""Keeps Faust reading: from the oldest window at the start, and anew where it ended, stalled, or a source came."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import structlog

from chassis.extents import Extents, Place
from chassis.failures import is_transient
from chassis.heartbeats import Heartbeats
from chassis.metrics import EVENTS, RETRIES, UNREAD
from chassis.settings import CommonSettings
from chassis.stateless import StatelessContext
from schemas.topics import RESULTS
from services.insights.counting import Statistics
from services.insights.politeness import Turns, give_way
from services.insights.settings import InsightsSettings
from services.insights.standstill import Standstill
from services.insights.statistics import Reader

log = structlog.get_logger(__name__)

LOOP = "statistics"
LIMIT_SECONDS = 120.0
START_SECONDS, END_SECONDS = 90.0, 5.0
"""Long, since others come first; nothing beats meanwhile, so with the pause they are within the limit."""
PAUSE_SECONDS = 2.0
TOPICS = frozenset({"client-events", "activation-events", "notification-events"})
THROWN_AWAY, SOURCE_CAME = "its state was thrown away", "a source came"
"""Why reading begins anew at once; else it pauses first, since what ended it may be there still."""
EARLIER = timedelta(hours=1)
"""Topics are sought by the moment of the record, which two clocks may set a little before the event's own."""


async def read_statistics(context: StatelessContext) -> None:
    """Runs until cancelled."""
    assert isinstance(context.state, Statistics)
    assert isinstance(context.settings, InsightsSettings)
    give_way(context.settings)  # not before: whoever starts the process waits until it is ready
    turns = Turns(context.settings)
    context.heartbeats.expect(LOOP, LIMIT_SECONDS)
    while True:
        reading = _Reading(context.common, context.settings, context.state, context.heartbeats, turns)
        try:
            async with Extents(context.common) as extents:
                why = await reading.run(extents)
            log.info("reading begins anew", why=why)
            if why in {THROWN_AWAY, SOURCE_CAME}:
                continue
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("statistics wait", error=type(error).__name__)
            RETRIES.labels(LOOP).inc()
        context.heartbeats.beat(LOOP)
        context.state.windows.expire(context.state.clock())
        await asyncio.sleep(PAUSE_SECONDS)


class _Reading:
    """One Faust app from its start to its end."""

    def __init__(
        self,
        common: CommonSettings,
        settings: InsightsSettings,
        state: Statistics,
        heartbeats: Heartbeats,
        turns: Turns,
    ) -> None:
        self._common, self._settings, self._state, self._heartbeats = common, settings, state, heartbeats
        self._turns = turns
        self._standstill = Standstill(settings.stalled_seconds)

    async def run(self, extents: Extents) -> str:
        """Reads until it must begin anew, and answers why. Raises what is transient."""
        now = self._state.clock()
        since = self._state.windows.since(now) - EARLIER
        found = await extents.since(since, self._wanted)
        topics = {topic for topic, _ in found}
        if not topics:
            return "there are no topics yet"
        number = self._state.begin(now, found)
        app = Reader(
            self._common,
            topics,
            lambda place: self._state.positions.get(place, 0),
            lambda record: self._state.hear(number, record),
            self._turns.next,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await app.start()
            return await self._watched(app, extents, {place: extent.end for place, extent in found.items()})
        finally:
            await _end(app)

    async def _watched(self, app: Reader, extents: Extents, before: Mapping[Place, int]) -> str:
        topics = {topic for topic, _ in before}
        while True:
            self._heartbeats.beat(LOOP)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._state.again.wait(), self._settings.look_seconds)
                return THROWN_AWAY
            if app.should_stop:
                return "Faust has ended"
            now = self._state.clock()  # before: what the topics have by then is within the ends
            ends = await extents.ends(self._wanted)
            if any(ends.get(place, -1) < end for place, end in before.items()):
                return "a topic is another one now"
            before = ends
            self._state.windows.expire(now)
            self._state.looked(now, ends)
            self._tell(ends)
            if {topic for topic, _ in ends} - topics:
                return SOURCE_CAME
            if self._standstill.seen(self._state.positions, ends, time.monotonic()):
                return "it had stalled"

    def _wanted(self, topic: str) -> bool:
        if not topic.startswith(self._common.topic_prefix):
            return False
        name = topic.removeprefix(self._common.topic_prefix)
        return name in TOPICS or name == RESULTS or name.startswith(f"{RESULTS}-")

    def _tell(self, ends: dict[Place, int]) -> None:
        UNREAD.set(self._state.unread(ends))
        for (topic, outcome), count in self._state.untold().items():
            EVENTS.labels(topic.removeprefix(self._common.topic_prefix), outcome).inc(count)


async def _end(app: Reader) -> None:
    """Stops Faust, which may wait for a broker that is gone and does not heed a cancellation: it is left alone after as
    long as the process may take to end."""
    end = asyncio.ensure_future(app.stop())
    await asyncio.wait([end], timeout=END_SECONDS)
    if not end.done():
        log.warning("Faust does not end")
        end.cancel()
    elif not end.cancelled() and (error := end.exception()):
        log.warning("Faust ended with an error", error=type(error).__name__)
