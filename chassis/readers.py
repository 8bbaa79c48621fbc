"""Readers that come and go while the service runs: a consumer of its own for each further subscription."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import structlog

from chassis.consumer import Consumer
from chassis.failures import is_transient
from chassis.metrics import RETRIES
from chassis.service import Context

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
LIMIT_SECONDS = 60.0
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Reader:
    consumer: Consumer
    stop: asyncio.Event
    task: asyncio.Task[None]


class Readers:
    """Looks every two seconds which further subscriptions there are, starts what is new and ends what is paused.

    Each reads in a group of its own, so that one whose topic is gone, cut or full of garbage, or that is only added,
    holds up none of the others.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._running: dict[str, _Reader] = {}

    @property
    def names(self) -> list[str]:
        """Those that run."""
        return sorted(self._running)

    @property
    def stopped_by(self) -> str | None:
        """Which of them do not read, and why; None where all do."""
        stopped = [f"{name}: {each.consumer.stopped_by}" for name, each in sorted(self._running.items())]
        return "; ".join(each for each in stopped if not each.endswith(": None")) or None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then all end after the batch in hand. Raises what ended a reader that was not asked."""
        heartbeats = self._context.heartbeats
        heartbeats.expect("readers", LIMIT_SECONDS)
        try:
            while not stop.is_set():
                heartbeats.beat("readers")
                try:
                    await self._look()
                except Exception as error:
                    if not is_transient(error):
                        raise
                    log.warning("readers not looked at", error=type(error).__name__)
                    RETRIES.labels("readers").inc()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        finally:
            await self._end(list(self._running))

    async def _look(self) -> None:
        context = self._context
        assert context.service.further is not None
        wanted = await context.service.further(context.database)
        by_topic = {context.common.topic_prefix + each.topic: each for each in wanted.values()}
        context.subscriptions.update(by_topic)
        for each in self._running.values():
            if each.task.done():
                each.task.result()
        reading = {name for name, each in wanted.items() if not each.paused} if context.settings.consume else set()
        await self._end([name for name in self._running if name not in reading])
        for name in sorted(reading - set(self._running)):
            topic = context.common.topic_prefix + wanted[name].topic
            ending = asyncio.Event()
            consumer = Consumer(context, {topic: wanted[name]}, name)
            task = asyncio.create_task(consumer.run(ending), name=f"reader {name}")
            self._running[name] = _Reader(consumer, ending, task)
            log.info("reader started", reader=name)

    async def _end(self, names: list[str]) -> None:
        ending = {name: self._running[name] for name in names}
        for each in ending.values():
            each.stop.set()
        if not ending:
            return
        _, late = await asyncio.wait([each.task for each in ending.values()], timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)
        for name, each in ending.items():
            del self._running[name]
            self._context.heartbeats.forget(f"reader {name}")
            if each.task.done() and not each.task.cancelled():
                each.task.exception()  # looked at, so that the event loop does not complain of it
            log.info("reader ended", reader=name)
