"""What each statement of chassis/held_events.py does, told again in Python."""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis import held_events
from tests.simulation.database import Table, Transaction, inserted, locked
from tests.simulation.rows import HeldEvent, HeldKey, columns, shape

Tables = Mapping[str, Table]
Result = Generator[Transaction, None, tuple[list[Any], str]]
Statement = Callable[..., Result]

_exists = shape("exists")
_key_and_reason = shape("key", "reason")
_place = columns("topic", "key")
_one = shape("?column?")
_waiting_row = columns(
    "id", "topic", "key", "partition", "kafka_offset", "version", "event_id", "sealed", "reason", "attempts"
)
_count = shape("count")
_attempts = shape("attempts")
_min = shape("min")


def _open(tx: Transaction, tables: Tables, topic: str, key: str) -> list[HeldEvent]:
    """What waits on a key, by id."""
    return sorted(
        row
        for row in tx.rows(tables["held_events"])
        if row.topic == topic and row.key == key and row.settled_at is None
    )


def _keys_any(tx: Transaction, tables: Tables, topic: str) -> Result:
    return [_exists((any(row.topic == topic for row in tx.rows(tables["held_keys"])),))], "SELECT 1"
    yield


def _keys(tx: Transaction, tables: Tables, topic: str, keys: Sequence[str]) -> Result:
    """A key for which it waited shows the reason of its head as the statement saw it when it began."""
    table = tables["held_keys"]
    there = [(topic, key) for key in sorted(set(keys)) if tx.get(table, (topic, key)) is not None]
    heads = {place: _open(tx, tables, *place)[:1] for place in there}
    rows = yield from locked(tx, table, there)
    found = [(row.key, heads[row[:2]][0].reason if heads[row[:2]] else None) for row in rows]
    return [_key_and_reason(each) for each in found], f"SELECT {len(rows)}"


def _hold_keys(
    tx: Transaction, tables: Tables, topics: Sequence[str], keys: Sequence[str], times: Sequence[datetime | None]
) -> Result:
    count = 0
    for row in map(HeldKey, topics, keys, times):
        count += yield from inserted(tx, tables["held_keys"], row[:2], row)
    return [], f"INSERT 0 {count}"


def _hold(tx: Transaction, tables: Tables, *values: Sequence[Any]) -> Result:
    table, count = tables["held_events"], 0
    for each in zip(*values, strict=True):
        row = HeldEvent(table.next_id(), *each)
        while (holder := _adds_the_same(tx, table, row)) is not None:
            yield holder
        if not any(_same_place(row, other) for other in tx.rows(table)):
            yield from inserted(tx, table, row.id, row)
            count += 1
    return [], f"INSERT 0 {count}"


def _same_place(row: HeldEvent, other: HeldEvent | None) -> bool:
    """The unique index held_events_place."""
    if other is None or other.settled_at is not None:
        return False
    return _unique(row) == _unique(other)


def _unique(row: HeldEvent) -> tuple[object, ...]:
    return row.topic, row.partition, row.kafka_offset, row.event_id


def _adds_the_same(tx: Transaction, table: Table, row: HeldEvent) -> Transaction | None:
    """Who has not yet committed a row of the same place, or the end of one."""
    for key, holder in table.locks.items():
        before, after = table.rows.get(key), holder.get(table, key)
        if holder is not tx and _same_place(row, before) != _same_place(row, after):
            return holder
    return None


def _due_now(tx: Transaction, tables: Tables, topic: str, keys: Sequence[str], when: datetime) -> Result:
    table = tables["held_keys"]
    there = [(topic, key) for key in keys if tx.get(table, (topic, key)) is not None]
    rows = yield from locked(tx, table, there)
    for row in rows:
        tx.put(table, row[:2], row._replace(retry_at=when))
    return [], f"UPDATE {len(rows)}"


def _due_key(tx: Transaction, tables: Tables, now: datetime) -> Result:
    table = tables["held_keys"]
    due = [row for row in tx.rows(table) if row.retry_at is not None and row.retry_at <= now]
    for row in sorted(due, key=lambda row: (row.retry_at, row.key)):
        if tx.others_lock(table, row[:2]) is None:
            tx.lock(table, row[:2])
            return _place(HeldKey, [row]), "SELECT 1"
    return [], "SELECT 0"
    yield


def _lock_key(tx: Transaction, tables: Tables, topic: str, key: str) -> Result:
    table = tables["held_keys"]
    rows = yield from locked(tx, table, [(topic, key)] if tx.get(table, (topic, key)) is not None else [])
    return [_one((1,)) for _ in rows], f"SELECT {len(rows)}"


def in_order(rows: list[HeldEvent]) -> list[HeldEvent]:
    """What waits on a key, sorted by id, in turn: by version where what came first waits for a gap."""
    if not rows or rows[0].reason != "version_gap":
        return rows
    return sorted(rows, key=lambda row: (row.version is None, row.version or 0, row.id))


def _waiting(tx: Transaction, tables: Tables, topic: str, key: str, limit: int) -> Result:
    rows = in_order(_open(tx, tables, topic, key))[:limit]
    return _waiting_row(HeldEvent, rows), f"SELECT {len(rows)}"
    yield


def _next_version(tx: Transaction, tables: Tables, topic: str, key: str, last: int, but: int) -> Result:
    versions = [row.version for row in _open(tx, tables, topic, key) if row.id != but and row.version is not None]
    return [_min((min((each for each in versions if each > last), default=None),))], "SELECT 1"
    yield


def _settle(
    tx: Transaction, tables: Tables, row_id: int, when: datetime, how: str, by: str, reason: str
) -> Result:  # fmt: skip
    table = tables["held_events"]
    rows = yield from locked(tx, table, [row_id] if tx.get(table, row_id) is not None else [])
    for row in rows:
        settled = {"settled_at": when, "settled_how": how, "settled_by": by, "settled_reason": reason}
        tx.put(table, row_id, row._replace(**settled))
    return [], f"UPDATE {len(rows)}"


def _left(tx: Transaction, tables: Tables, topic: str, key: str) -> Result:
    return [_count((len(_open(tx, tables, topic, key)),))], "SELECT 1"
    yield


def _release_or_schedule(tx: Transaction, tables: Tables, topic: str, key: str, when: datetime | None) -> Result:
    table = tables["held_keys"]
    left = bool(_open(tx, tables, topic, key))
    there = tx.get(table, (topic, key)) is not None
    rows = yield from locked(tx, table, [(topic, key)] if there else [])
    for row in rows:
        tx.put(table, (topic, key), row._replace(retry_at=when) if left else None)
    return [], f"UPDATE {len(rows) if left else 0}"


def _failed_again(tx: Transaction, tables: Tables, row_id: int, reason: str, detail: str) -> Result:
    table = tables["held_events"]
    rows = yield from locked(tx, table, [row_id] if tx.get(table, row_id) is not None else [])
    for row in rows:
        tx.put(table, row_id, row._replace(attempts=row.attempts + 1, reason=reason, detail=detail))
    return [_attempts((row.attempts + 1,)) for row in rows], f"UPDATE {len(rows)}"


def _forget_settled(tx: Transaction, tables: Tables, before: datetime, limit: int) -> Result:
    table = tables["held_events"]
    old = [row for row in tx.rows(table) if row.settled_at is not None and row.settled_at < before]
    old.sort(key=lambda row: row.settled_at)
    rows = yield from locked(tx, table, [row.id for row in old[:limit]])
    for row in rows:
        tx.put(table, row.id, None)
    return [], f"DELETE {len(rows)}"


STATEMENTS: dict[str, Statement] = {
    held_events.KEYS_ANY: _keys_any,
    held_events.KEYS: _keys,
    held_events.HOLD_KEYS: _hold_keys,
    held_events.HOLD: _hold,
    held_events.DUE_NOW: _due_now,
    held_events.DUE_KEY: _due_key,
    held_events.LOCK_KEY: _lock_key,
    held_events.WAITING: _waiting,
    held_events.NEXT_VERSION: _next_version,
    held_events.SETTLE: _settle,
    held_events.LEFT: _left,
    held_events.RELEASE_OR_SCHEDULE: _release_or_schedule,
    held_events.FAILED_AGAIN: _failed_again,
    held_events.FORGET_SETTLED: _forget_settled,
}
