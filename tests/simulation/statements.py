"""What each named statement of the chassis and of the toy does, told again in Python: by its exact text."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from chassis import consumer_offsets, lease, relay, version_guard
from chassis.adding import insertion
from chassis.outbox import OutboxRow
from tests.integration.chassis import toy
from tests.simulation import held
from tests.simulation.database import Transaction, inserted, locked
from tests.simulation.held import Result, Tables
from tests.simulation.rows import Lease, OffsetRow, Outbox, SeenRow, TallyRow, columns, shape

LONGEST_TOTAL = 1000
_offsets = columns("topic", "partition", "next_offset", "last_event_id")
_seen = columns("aggregate_id", "version", "event_id")
_outbox = columns("id", "topic", "key", "headers", "payload")
_tally = columns("tally", "total", "version")
_epoch = shape("epoch")


def _read_offsets(tx: Transaction, tables: Tables, topics: Sequence[str], numbers: Sequence[int]) -> Result:
    found = [tx.get(tables["consumer_offsets"], place) for place in sorted(zip(topics, numbers, strict=True))]
    return _offsets(OffsetRow, [row for row in found if row is not None]), f"SELECT {len(found)}"
    yield


def _lock_offsets(tx: Transaction, tables: Tables, topics: Sequence[str], numbers: Sequence[int]) -> Result:
    table = tables["consumer_offsets"]
    there = [place for place in sorted(zip(topics, numbers, strict=True)) if tx.get(table, place) is not None]
    rows = yield from locked(tx, table, there)
    return _offsets(OffsetRow, rows), f"SELECT {len(rows)}"


def _start_offset(tx: Transaction, tables: Tables, topic: str, partition: int, next_offset: int) -> Result:
    row = OffsetRow(topic, partition, next_offset, "")
    done = yield from inserted(tx, tables["consumer_offsets"], (topic, partition), row)
    return [], f"INSERT 0 {int(done)}"


def _advance(
    tx: Transaction, tables: Tables, topics: Sequence[str], numbers: Sequence[int], nexts: Sequence[int],
    ids: Sequence[str],
) -> Result:  # fmt: skip
    table, count = tables["consumer_offsets"], 0
    news = {(each[0], each[1]): OffsetRow(*each) for each in zip(topics, numbers, nexts, ids, strict=True)}
    for place in [place for place in news if tx.get(table, place) is not None]:
        for _ in (yield from locked(tx, table, [place])):
            tx.put(table, place, news[place])
            count += 1
    return [], f"UPDATE {count}"


def _load_seen(tx: Transaction, tables: Tables, producer: str, aggregates: Sequence[str]) -> Result:
    table = tables["seen_versions"]
    there = [(producer, each) for each in sorted(set(aggregates)) if tx.get(table, (producer, each)) is not None]
    rows = yield from locked(tx, table, there)
    return _seen(SeenRow, rows), f"SELECT {len(rows)}"


def _save_seen(
    tx: Transaction, tables: Tables, producer: str, aggregates: Sequence[str], versions: Sequence[int],
    ids: Sequence[str],
) -> Result:  # fmt: skip
    table, count = tables["seen_versions"], 0
    for aggregate, version, event_id in zip(aggregates, versions, ids, strict=True):
        if tx.get(table, (producer, aggregate)) is not None:
            for row in (yield from locked(tx, table, [(producer, aggregate)])):
                tx.put(table, (producer, aggregate), row._replace(version=version, event_id=event_id))
                count += 1
    return [], f"UPDATE {count}"


def _copy_seen(tx: Transaction, tables: Tables, records: Sequence[Any]) -> Result:
    for record in records:
        if not (yield from inserted(tx, tables["seen_versions"], (record[0], record[1]), SeenRow(*record))):
            raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
    return [], f"COPY {len(records)}"


def _insert_seen(tx: Transaction, tables: Tables, *values: Any) -> Result:
    yield from _copy_seen(tx, tables, [values])
    return [], "INSERT 0 1"


def _copy_outbox(tx: Transaction, tables: Tables, records: Sequence[OutboxRow]) -> Result:
    table = tables["outbox"]
    for each in records:
        row = Outbox(table.next_id(), each.topic, each.key, each.headers, each.payload)
        yield from inserted(tx, table, row.id, row)
    return [], f"COPY {len(records)}"


def _insert_outbox(tx: Transaction, tables: Tables, *values: Any) -> Result:
    yield from _copy_outbox(tx, tables, [OutboxRow(*values)])
    return [], "INSERT 0 1"


def _in_outbox(tx: Transaction, tables: Tables) -> list[Outbox]:
    return sorted(tx.rows(tables["outbox"]))


def _read_outbox(tx: Transaction, tables: Tables, limit: int) -> Result:
    rows = _in_outbox(tx, tables)[:limit]
    return _outbox(Outbox, rows), f"SELECT {len(rows)}"
    yield


def _read_behind(tx: Transaction, tables: Tables, limit: int, last: int, known: Sequence[int]) -> Result:
    rows = _in_outbox(tx, tables)
    late = any(row.id <= last and row.id not in known for row in rows)
    behind = [] if late else [row for row in rows if row.id > last][:limit]
    return _outbox(Outbox, behind), f"SELECT {len(behind)}"
    yield


def _claim(tx: Transaction, tables: Tables, owner: Any, length: Any) -> Result:
    table, now = tables["relay_lease"], tx.server.now

    def free(row: Lease) -> bool:
        return row.owner == owner or row.until is None or row.until < now()

    rows = []
    if free(tx.get(table, "outbox")):
        for row in (yield from locked(tx, table, ["outbox"], free)):
            epoch = row.epoch + (row.owner != owner)
            tx.put(table, "outbox", Lease("outbox", owner, epoch, now() + length))
            rows.append(_epoch((epoch,)))
    return rows, f"UPDATE {len(rows)}"


def _remove(tx: Transaction, tables: Tables, ids: Sequence[int], owner: Any, epoch: int) -> Result:
    table = tables["outbox"]
    lease = tx.get(tables["relay_lease"], "outbox")
    mine = (lease.owner, lease.epoch) == (owner, epoch) and lease.until is not None and lease.until > tx.server.now()
    there = [each for each in sorted(set(ids)) if mine and tx.get(table, each) is not None]
    rows = yield from locked(tx, table, there)
    for row in rows:
        tx.put(table, row.id, None)
    return [], f"DELETE {len(rows)}"


def _release(tx: Transaction, tables: Tables, owner: Any) -> Result:
    table = tables["relay_lease"]
    there = ["outbox"] if tx.get(table, "outbox").owner == owner else []
    rows = yield from locked(tx, table, there, lambda row: row.owner == owner)
    for row in rows:
        tx.put(table, "outbox", row._replace(until=None))  # minus infinity
    return [], f"UPDATE {len(rows)}"


def _load_tallies(tx: Transaction, tables: Tables, keys: Sequence[str]) -> Result:
    table = tables["tallies"]
    rows = yield from locked(tx, table, [key for key in sorted(set(keys)) if tx.get(table, key) is not None])
    return _tally(TallyRow, rows), f"SELECT {len(rows)}"


def _save_tallies(
    tx: Transaction, tables: Tables, keys: Sequence[str], totals: Sequence[int], versions: Sequence[int]
) -> Result:
    table = tables["tallies"]
    for row in map(TallyRow, keys, totals, versions):
        if row.total >= LONGEST_TOTAL:
            raise asyncpg.CheckViolationError("new row violates check constraint")
        while not (yield from inserted(tx, table, row.tally, row)):
            if (yield from locked(tx, table, [row.tally])):
                tx.put(table, row.tally, row)
                break
    return [], f"INSERT 0 {len(keys)}"


SEEN = ("producer", "aggregate_id", "version", "event_id")

STATEMENTS: dict[str, held.Statement] = {
    consumer_offsets.READ: _read_offsets,
    consumer_offsets.LOCK: _lock_offsets,
    consumer_offsets.START: _start_offset,
    consumer_offsets.ADVANCE: _advance,
    version_guard.LOAD: _load_seen,
    version_guard.SAVE: _save_seen,
    insertion("outbox", OutboxRow._fields): _insert_outbox,
    insertion("seen_versions", SEEN): _insert_seen,
    lease.CLAIM: _claim,
    relay.READ: _read_outbox,
    relay.READ_BEHIND: _read_behind,
    relay.REMOVE: _remove,
    lease.RELEASE: _release,
    toy.LOAD: _load_tallies,
    toy.SAVE: _save_tallies,
    **held.STATEMENTS,
}

COPIES: dict[tuple[str, tuple[str, ...]], held.Statement] = {
    ("outbox", OutboxRow._fields): _copy_outbox,
    ("seen_versions", SEEN): _copy_seen,
}
