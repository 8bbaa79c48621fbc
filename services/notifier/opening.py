"""Opens the gate of a new database as soon as the notifier has read what was said of mails before it was made."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from chassis import kafka
from chassis.failures import NotNow, is_transient
from chassis.service import Context
from services.notifier.store import gate

log = structlog.get_logger(__name__)

LOOP = "gate"
STUCK_SECONDS = 120.0
LOOK_SECONDS = 0.25
AWAY_SECONDS = 1.0
KAFKA_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Said:
    """What the topic held at one moment: whether it has its beginning yet, and each partition's end."""

    whole: bool
    ends: Mapping[int, int]


async def open_new_gate(context: Context) -> None:
    """The loop of the service: at work only while the gate is that of a new database. Runs until cancelled.

    Each replica goes by the ends that it saw itself: all that was said of mails by then has been handled.
    """
    context.heartbeats.expect(LOOP, STUCK_SECONDS)
    topic = context.common.topic_prefix + "notification-events"
    said: Said | None = None
    while True:
        context.heartbeats.beat(LOOP)
        wait = LOOK_SECONDS
        try:
            if not await gate.is_new(context.database):
                break
            said = said or await _said(context, topic)
            await _look(context, topic, said)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("not known yet what was sent before", error=type(error).__name__)
            wait = AWAY_SECONDS
        await asyncio.sleep(wait)
    context.heartbeats.forget(LOOP)
    await asyncio.Event().wait()


async def _said(context: Context, topic: str) -> Said:
    """Raises KafkaError, TimeoutError, NotNow; where there is no such topic yet, too."""
    reader = kafka.reader(context.common)
    reader.subscribe([topic])
    try:
        async with asyncio.timeout(KAFKA_SECONDS):
            await reader.start()
            places = reader.assignment()
            if not places:
                raise NotNow(f"{topic} has no partitions")
            begins, ends = await reader.beginning_offsets(places), await reader.end_offsets(places)
    finally:
        await kafka.leave(reader)
    return Said(not any(begins.values()), {place.partition: end for place, end in ends.items()})


async def _look(context: Context, topic: str, said: Said) -> None:
    async with context.database.unit_of_work() as uow:
        if not said.whole:
            if await gate.keep(uow):
                log.warning("mails stay held until a person releases them", reason=gate.BEGINNING_GONE)
        elif await gate.open_new(uow, topic, said.ends):
            log.info("mails released", by=gate.ITSELF, reason=gate.ALL_READ)
