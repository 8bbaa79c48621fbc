"""One batch in one transaction: our offsets locked, what is new folded, what fails held, offsets advanced."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from chassis import consumer_offsets, held_events, metrics
from chassis.breaker import Breaker, Watch
from chassis.consumer_offsets import Offset, Place, fresh, record_id
from chassis.failpoints import reached
from chassis.failures import FellTogether, NotNow
from chassis.fold import Fold, Item, Outcome
from chassis.handling import Subscription
from chassis.reading import Items
from chassis.service import Context
from chassis.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)


async def handle_batch(
    context: Context,
    subscriptions: Mapping[str, Subscription],
    batch: Items,
    breaker: Breaker,
    loop: str = "consumer",
) -> dict[Place, Offset]:
    """Handles what was read of any partitions; answers how far each is. Raises StopReading, and what is transient."""
    try:
        return await _handle(context, subscriptions, batch, _Attempt(breaker.watch(), loop, whole=True))
    except FellTogether:
        return await _handle(context, subscriptions, batch, _Attempt(breaker.watch(), loop, whole=False))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """`loop`: whose heart beats. `whole`: what fails is not looked for, and raises FellTogether."""

    watch: Watch
    loop: str
    whole: bool


async def _handle(
    context: Context, subscriptions: Mapping[str, Subscription], batch: Items, attempt: _Attempt
) -> dict[Place, Offset]:
    clock = asyncio.get_running_loop().time
    started = clock()
    offsets: dict[Place, Offset] = {}
    outcomes: dict[str, Outcome] = {}
    async with context.database.unit_of_work() as uow:
        known = await consumer_offsets.lock(uow, [(place.topic, place.partition) for place in batch])
        by_topic: dict[str, list[Item]] = {}
        for place, items in batch.items():
            offset = known.get((place.topic, place.partition))
            if offset is None:
                raise NotNow(f"{place.topic}[{place.partition}] has not been verified")
            new = fresh(place, items, offset.next_offset, ours=subscriptions[place.topic].ours)
            if new:
                by_topic.setdefault(place.topic, []).extend(new)
                offsets[place.topic, place.partition] = Offset(new[-1].offset + 1, record_id(new[-1].record))
        for topic, items in by_topic.items():
            outcomes[topic] = await _handle_topic(context, uow, subscriptions[topic], items, attempt)
        await reached("consumer.after_apply")
        if offsets:
            await consumer_offsets.advance(uow, offsets)
        await reached("consumer.after_offsets")
    attempt.watch.committed()
    _count(outcomes, clock() - started)
    return offsets


async def _handle_topic(
    context: Context, uow: UnitOfWork, subscription: Subscription, items: Sequence[Item], attempt: _Attempt
) -> Outcome:
    topic = items[0].record.topic
    held = await held_events.held_keys(uow, topic, {item.key for item in items})
    beat = partial(context.heartbeats.beat, attempt.loop)
    fold = Fold(uow, subscription, context.service.catalogue, held, attempt.watch, beat=beat)
    outcome = await fold.apply(items, whole=attempt.whole)
    if outcome.holds:
        reasons = Counter(hold.reason for hold in outcome.holds)
        log.warning("events held", topic=topic, reasons=dict(reasons), first=outcome.holds[0].detail)
        await held_events.hold(uow, context.seal, outcome.holds)
    if outcome.healed:
        await held_events.due_now(uow, topic, outcome.healed)
    oldest = min((item.event.time for item in items if item.event is not None), default=None)
    if oldest is not None and subscription.ours:  # a sender's clock tells nothing about us
        seconds = max(0.0, (uow.now - oldest).total_seconds())
        metrics.LAG_SECONDS.labels(topic).set(seconds)
        metrics.END_TO_END_SECONDS.observe(seconds)
    return outcome


def _count(outcomes: Mapping[str, Outcome], seconds: float) -> None:
    metrics.BATCH_SECONDS.observe(seconds)
    total = 0
    for topic, outcome in outcomes.items():
        counts = {
            "applied": outcome.applied,
            "repeated": outcome.repeated,
            "passed": outcome.passed,
            "rejected": outcome.rejected,
            "held": len(outcome.holds),
        }
        for name, count in counts.items():
            if count:
                metrics.EVENTS.labels(topic, name).inc(count)
        total += sum(counts.values())
    metrics.BATCH_EVENTS.observe(total)
