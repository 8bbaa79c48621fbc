"""Folds a batch of one topic through load, decide and save, and finds the events that cannot be handled."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from chassis import version_guard
from chassis.breaker import OUR_FAULTS, CircuitOpen, Watch
from chassis.decoding import decode
from chassis.failures import FellTogether, Unprocessable, is_transient
from chassis.handling import Change, CutRecord, Record, Subscription
from chassis.heartbeats import unheard
from chassis.unit_of_work import Cause, UnitOfWork
from chassis.version_guard import BASELINE, Seen, Verdict, judge
from schemas.envelope import Catalogue, Envelope
from schemas.errors import Refused

log = structlog.get_logger(__name__)

FOLLOWS = "follows_held"


@dataclass(slots=True)
class Item:
    """A record and what became of reading it: an event, or why there is none.

    `key` is what is held with it; `subject` is the handler's key, where the event's type has a decide.
    """

    record: Record
    key: str
    event: Envelope[Any] | None = None
    failure: Unprocessable | None = None
    subject: Any = None

    @property
    def offset(self) -> int:
        return self.record.offset


@dataclass(frozen=True, slots=True)
class Hold:
    """An item that cannot be handled now.

    `again`: worth another try by itself, since only a bug speaks against it. `waits`: for something on its way, longer.
    """

    item: Item
    reason: str
    detail: str = ""
    again: bool = False
    waits: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of the items of a batch."""

    applied: int = 0
    repeated: int = 0
    passed: int = 0
    rejected: int = 0
    holds: list[Hold] = field(default_factory=list)
    healed: set[str] = field(default_factory=set)

    def add(self, other: "Outcome") -> None:
        self.applied += other.applied
        self.repeated += other.repeated
        self.passed += other.passed
        self.rejected += other.rejected
        self.holds += other.holds
        self.healed |= other.healed


def read(record: Record, subscription: Subscription, catalogue: Catalogue) -> Item:
    """Decodes one record. What fails is held under its Kafka key; where there is no order, under its own place."""
    key = record.key.decode("utf-8", "replace").replace("\x00", "") if record.key and subscription.ours else ""
    item = Item(record, key or f"#{record.partition}/{record.offset}")
    if isinstance(record, CutRecord):
        item.failure = Unprocessable("payload_too_large", f"{record.size} bytes")
        return item
    try:
        item.event = subscription.decode(record) if subscription.decode else decode(record, catalogue)
    except Unprocessable as failure:
        item.failure = failure.bare()
    except Exception as error:  # a decoder's bug is found here, and holds this record alone
        item.failure = Unprocessable("undecodable", _failed(item, "undecodable", error).detail)
    return item


class Fold:
    """One batch of one subscription inside one unit of work.

    `held` are the keys that wait, with the reason of their head; it grows as events fail.
    `watch` is the circuit breaker's; a retry of held events has none.
    `at_last`: what waits for something has waited long enough: what was decided for that case counts.
    `replay`: the items were held and were never handled, so that one that asks for something is heard even where a
    snapshot of its version or a newer one has come.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        subscription: Subscription,
        catalogue: Catalogue,
        held: dict[str, str],
        watch: Watch | None = None,
        *,
        replay: bool = False,
        beat: Callable[[], None] = unheard,
    ) -> None:
        self._uow = uow
        self._watch = watch
        self._subscription = subscription
        self._catalogue = catalogue
        self._replay = replay
        self._beat = beat
        self.held = held
        self.at_last = False

    async def apply(self, items: Sequence[Item], *, whole: bool = False) -> Outcome:
        """Handles the items in order. What fails alone ends in `holds`. Raises what is transient. `whole`: without a
        savepoint, which is two ways to Postgres for what hardly ever fails; it raises FellTogether."""
        try:
            return self._noted(items, await (self._together(items, self.held) if whole else self._try(items)))
        except Exception as error:
            if is_transient(error) or isinstance(error, CircuitOpen):
                raise
            if whole:
                raise FellTogether from error
            if len(items) > 1:
                log.info("batch divided to find what fails", topic=self._subscription.topic, events=len(items))
                middle = len(items) // 2
                outcome = await self.apply(items[:middle])
                outcome.add(await self.apply(items[middle:]))
                return outcome
        return self._noted(items, await self._alone(items[0]))

    def _noted(self, items: Sequence[Item], outcome: Outcome) -> Outcome:
        """Shows the circuit breaker what became of the items, in order. Raises CircuitOpen."""
        if self._watch is not None:
            failed = {id(hold.item) for hold in outcome.holds if hold.reason in OUR_FAULTS}
            self._watch.record(((each.record.topic, each.record.partition), id(each) in failed) for each in items)
        return outcome

    async def _alone(self, item: Item) -> Outcome:
        """A second try on what others may have committed meanwhile; then the event itself is at fault."""
        try:
            return await self._try([item])
        except Exception as error:
            if is_transient(error):
                raise
            healed = {item.key} & self.held.keys()  # what its key waits for may have come: it is worth another try, too
            self.held[item.key] = "save_failed"
            return Outcome(holds=[_failed(item, "save_failed", error)], healed=healed)

    async def _try(self, items: Sequence[Item]) -> Outcome:
        held = dict(self.held)
        async with self._uow.savepoint():
            outcome = await self._together(items, held)
        self.held = held
        return outcome

    async def _together(self, items: Sequence[Item], held: dict[str, str]) -> Outcome:
        self._beat()  # many slow statements, and a batch that is divided again and again, work and are not stuck
        handler, producer = self._subscription.handler, self._subscription.producer
        events = [item.event for item in items if item.event is not None]
        before_seen = await self._seen(events)
        seen = dict(before_seen)
        for item in items:
            if item.subject is None and item.event is not None and type(item.event.data) in handler.decide:
                item.subject = handler.key(item.event)
        keys = dict.fromkeys(item.subject for item in items if item.subject is not None)
        before = await handler.load(self._uow, list(keys)) if keys else {}
        states, changed, outcome = dict(before), dict[Any, Any](), Outcome()
        for item in items:
            hold = self._step(item, held, seen, states, changed, outcome)
            if hold is not None:
                held.setdefault(item.key, hold.reason)
                outcome.holds.append(hold)
        self._beat()
        if changed:
            await handler.save(self._uow, [Change(key, before.get(key), after) for key, after in changed.items()])
        await version_guard.save(self._uow, producer, before_seen, seen)
        return outcome

    async def _seen(self, events: Sequence[Envelope[Any]]) -> dict[str, Seen]:
        if not self._subscription.ours:
            return {}
        versioned = {event.subject for event in events if event.sequence is not None}
        return await version_guard.load(self._uow, self._subscription.producer, versioned) if versioned else {}

    def _step(
        self,
        item: Item,
        held: dict[str, str],
        seen: dict[str, Seen],
        states: dict[Any, Any],
        changed: dict[Any, Any],
        outcome: Outcome,
    ) -> Hold | None:
        """One event through guard and decide. Answers why it must be held, or None."""
        if item.failure is not None:
            return self._reject(item, item.failure, held, outcome)
        event = item.event
        assert event is not None
        version = event.version if self._subscription.ours else None
        if version is None:
            return Hold(item, FOLLOWS) if item.key in held else self._decide(item, event, states, changed, outcome)
        snapshot = self._catalogue.type_of(event.data).snapshot
        verdict = judge(seen.get(event.subject), version, event.id, snapshot=snapshot)
        if verdict is Verdict.REPEATED:
            if self._replay and type(event.data) in self._subscription.handler.asks:
                return self._decide(item, event, states, changed, outcome)
            outcome.repeated += 1
            return None
        waits = held.get(item.key)
        follows = waits is not None and not _passes(waits, verdict, snapshot=snapshot)
        if follows or verdict is not Verdict.APPLY:
            detail = "" if follows else f"version {version} after {_last(seen, event.subject)}"
            return Hold(item, FOLLOWS if follows else verdict.value, detail)
        if waits is not None:
            outcome.healed.add(item.key)  # what its key waits for has come
        hold = self._decide(item, event, states, changed, outcome)
        if hold is None:
            seen[event.subject] = Seen(version, BASELINE if snapshot else event.id)
        return hold

    def _reject(self, item: Item, failure: Unprocessable, held: dict[str, str], outcome: Outcome) -> Hold | None:
        reject = self._subscription.reject
        say = reject(item.record, failure) if reject else None
        if say is not None:
            record = item.record
            log.info(
                "record rejected",
                code=failure.code,
                detail=failure.detail,
                place=f"{record.topic}[{record.partition}]@{record.offset}",
            )
            self._uow.publish(say, Cause(say.correlation_id or str(item.record.offset)))
            outcome.rejected += 1
            return None
        return Hold(item, FOLLOWS if item.key in held else failure.code, failure.detail)

    def _decide(
        self,
        item: Item,
        event: Envelope[Any],
        states: dict[Any, Any],
        changed: dict[Any, Any],
        outcome: Outcome,
    ) -> Hold | None:
        handler = self._subscription.handler
        decide = handler.decide.get(type(event.data))
        if decide is None:
            outcome.passed += 1
            return None
        key = item.subject
        state = states.get(key)
        try:
            decision = decide(state, event, self._uow.now)
            if decision.waits is not None and not self.at_last:
                return Hold(item, decision.waits, again=True, waits=True)
            says = [self._uow.prepare(say, Cause.of(event)) for say in decision.says]
        except (Refused, Unprocessable) as refusal:
            return Hold(item, refusal.code, getattr(refusal, "detail", ""))
        except Exception as error:
            if is_transient(error):
                raise
            return _failed(item, "decide_failed", error)
        for row in says:
            self._uow.add(row)
        if decision.state is not state:
            states[key] = changed[key] = decision.state
        if decision.waits is not None:
            return Hold(item, decision.waits)
        outcome.applied += 1
        return None


def _failed(item: Item, reason: str, error: Exception) -> Hold:
    """A bug by its class and place. Its text may hold a value of the event, and is told to nobody."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    detail = f"{type(error).__name__} at {'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno}"
    log.error("event failed", reason=reason, detail=detail, topic=item.record.topic, partition=item.record.partition)
    return Hold(item, reason, detail, again=True)


def _passes(waits: str, verdict: Verdict, *, snapshot: bool) -> bool:
    """Whether an event goes before what is held on its key: a snapshot does, since it stands for all that was told
    before it; and the event that was missing."""
    return snapshot or (waits == Verdict.GAP.value and verdict is not Verdict.GAP)


def _last(seen: dict[str, Seen], aggregate: str) -> int:
    return seen[aggregate].version if aggregate in seen else 0
