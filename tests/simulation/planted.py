"""Faults that are planted in the chassis, one at a time, to see that the simulation finds them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from aiokafka import TopicPartition

from chassis import batch, consumer_offsets, fold, held_events, relay, retrier
from chassis.consumer import Consumer
from chassis.consumer_offsets import Offset, record_id
from chassis.produce import Lanes, Sent
from chassis.relay import Relay
from chassis.version_guard import Verdict
from tests.simulation import held, statements
from tests.simulation.database import Table, Transaction, locked

Change = tuple[Any, str, Any]


class _NoLocks(Transaction):
    """Sees what a transaction sees, and locks nothing."""

    def __init__(self, of: Transaction) -> None:
        super().__init__(of.server, of.owner)
        self._of = of

    def get(self, table: Table, key: Any) -> Any:
        return self._of.get(table, key)

    def rows(self, table: Table) -> list[Any]:
        return self._of.rows(table)

    def lock(self, table: Table, key: Any) -> None:
        """Not locked."""

    def others_lock(self, table: Table, key: Any) -> None:
        """Not waited for."""


def _unlocked(statement: str) -> Change:
    known = statements.STATEMENTS[statement]

    def without(tx: Transaction, *about: Any) -> Any:
        return (yield from known(_NoLocks(tx), *about))

    return statements.STATEMENTS, statement, without


def _without_late_rows() -> Change:
    known = statements.STATEMENTS[relay.READ_BEHIND]

    def without(tx: Transaction, tables: Any, limit: int, last: int, _: Sequence[int]) -> Any:
        return (yield from known(tx, tables, limit, last, range(last + 1)))

    return statements.STATEMENTS, relay.READ_BEHIND, without


def _remove(tx: Transaction, tables: Mapping[str, Table], ids: Sequence[int], *_: Any) -> Any:
    there = [each for each in ids if tx.get(tables["outbox"], each) is not None]
    for row in (yield from locked(tx, tables["outbox"], there)):
        tx.put(tables["outbox"], row.id, None)
    return [], f"DELETE {len(ids)}"


def _offsets_first() -> Change:
    known = batch._handle_topic

    async def handle(  # as what it stands for
        context: Any, uow: Any, subscription: Any, items: Sequence[Any], attempt: Any
    ) -> Any:
        records = [each.record for each in items]
        ends = {(each.topic, each.partition): Offset(each.offset + 1, record_id(each)) for each in records}
        await consumer_offsets.advance(uow, ends)
        uow.connection._open.commit()
        uow.connection._open.ended = False
        return await known(context, uow, subscription, items, attempt)

    return batch, "_handle_topic", handle


def _kafkas_offset() -> Change:
    def seek(self: Any, consumer: Any, place: TopicPartition, offset: Offset, begin: int, end: int) -> None:
        consumer.seek(place, consumer._group.committed.get(place, begin))

    return Consumer, "_seek", seek


async def _always_alone(lanes: Any, rows: Any, acks: Any, *, alone: bool, send: Any = Lanes.send) -> None:
    del alone
    await send(lanes, rows, acks, alone=True)


async def _nothing(*_: Any) -> None:
    """Left out."""


PLANTED: dict[str, Callable[[], Change]] = {
    "no version guard": lambda: (fold, "judge", lambda *_, **__: Verdict.APPLY),
    "rows are removed without a look at the lease": lambda: (statements.STATEMENTS, relay.REMOVE, _remove),
    "offsets are committed before the effect": _offsets_first,
    "a discard does not advance the version": lambda: (retrier.Retrier, "_advance", _nothing),
    "held keys are read without a lock": lambda: _unlocked(held_events.KEYS),
    "what was committed late is not looked for": _without_late_rows,
    "offsets are read without a lock": lambda: _unlocked(consumer_offsets.LOCK),
    "rows are removed before they are acknowledged": lambda: (Sent, "acknowledged", lambda sent: len(sent.rows)),
    "a key that is retried is not locked": lambda: _unlocked(held_events.LOCK_KEY),
    "held events are replayed in no order": lambda: (
        statements.STATEMENTS,
        held_events.WAITING,
        lambda tx, tables, *about: _reversed(tx, tables, *about),
    ),
    "Kafka's offset is taken for ours": _kafkas_offset,
    "what follows a few rows does not wait for them": lambda: (
        Relay,
        "_has_room",
        lambda self: len(self._under_way) < 2,
    ),
    "a few rows do not wait for what is under way": lambda: (Lanes, "send", _always_alone),
}


def _reversed(tx: Transaction, tables: Any, *about: Any) -> Any:
    rows, tag = yield from held._waiting(tx, tables, *about)
    return rows[::-1], tag


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The chassis with one fault."""
    where, what, new = PLANTED[name]()
    if isinstance(where, dict):
        old = where[what]
        where[what] = new
    else:
        old = getattr(where, what)
        setattr(where, what, new)
    try:
        yield
    finally:
        if isinstance(where, dict):
            where[what] = old
        else:
            setattr(where, what, old)
