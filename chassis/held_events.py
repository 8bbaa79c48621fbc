"""Held events: what could not be handled, sealed, with all that came behind it on its key, in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from chassis.consumer_offsets import record_id
from chassis.fold import FOLLOWS, Hold
from chassis.handling import Record
from chassis.seal import Seal
from chassis.unit_of_work import UnitOfWork

TRIES = 3  # a bug may depend on the moment; after these it waits for a person
FIRST_RETRY = timedelta(seconds=2)
KEPT_SETTLED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A held event as the record it was."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


async def held_keys(uow: UnitOfWork, topic: str, keys: Iterable[str]) -> set[str]:
    """Which of these keys wait, locked until commit so that no retry can settle them meanwhile."""
    if not await uow.connection.fetchval("select exists (select from held_keys where topic = $1)", topic):
        return set()
    rows = await uow.connection.fetch(
        "select key from held_keys where topic = $1 and key = any($2::text[]) order by key for update",
        topic,
        list(keys),
    )
    return {row["key"] for row in rows}


async def hold(uow: UnitOfWork, seal: Seal, holds: Sequence[Hold]) -> None:
    """Stores what cannot be handled. Heads that are worth another try get a time for it."""
    heads = [each for each in holds if each.reason != FOLLOWS]
    await uow.connection.execute(
        """insert into held_keys (topic, key, retry_at)
           select * from unnest($1::text[], $2::text[], $3::timestamptz[]) on conflict do nothing""",
        [each.item.record.topic for each in heads],
        [each.item.key for each in heads],
        [uow.now + FIRST_RETRY if each.again else None for each in heads],
    )
    await uow.connection.copy_records_to_table(
        "held_events", columns=_COLUMNS, records=[_row(each, seal, uow.now) for each in holds]
    )


async def due_key(uow: UnitOfWork) -> tuple[str, str] | None:
    """A (topic, key) whose time has come, locked; None where there is none."""
    row = await uow.connection.fetchrow(
        """select topic, key from held_keys where retry_at <= $1
            order by retry_at limit 1 for update skip locked""",
        uow.now,
    )
    return (row["topic"], row["key"]) if row else None


async def lock_key(uow: UnitOfWork, topic: str, key: str) -> bool:
    """Locks one key; False where nothing is held on it."""
    row = await uow.connection.fetchrow("select 1 from held_keys where topic = $1 and key = $2 for update", topic, key)
    return row is not None


async def waiting(uow: UnitOfWork, topic: str, key: str, limit: int) -> list[Any]:
    """The held rows of a key that must be locked already, in order."""
    return await uow.connection.fetch(
        f"select {_READ} from held_events where topic = $1 and key = $2 and settled_at is null order by id limit $3",  # noqa: S608  # constant columns
        topic,
        key,
        limit,
    )


async def settle(uow: UnitOfWork, ids: Sequence[int], how: str, by: str, reason: str = "") -> None:
    """Marks rows as retried or discarded; they are kept for 30 days more."""
    await uow.connection.execute(
        """update held_events set settled_at = $2, settled_how = $3, settled_by = $4, settled_reason = $5
            where id = any($1::bigint[])""",
        list(ids),
        uow.now,
        how,
        by,
        reason,
    )


async def release_or_schedule(uow: UnitOfWork, topic: str, key: str, retry_at: datetime | None) -> None:
    """Frees a key on which nothing waits any more, else gives it its next time (None: a person must act)."""
    await uow.connection.execute(
        """with left_over as (
             select exists (select from held_events where topic = $1 and key = $2 and settled_at is null) as any)
           , freed as (delete from held_keys k using left_over l where k.topic = $1 and k.key = $2 and not l.any)
           update held_keys k set retry_at = $3 from left_over l where k.topic = $1 and k.key = $2 and l.any""",
        topic,
        key,
        retry_at,
    )


async def failed_again(uow: UnitOfWork, row_id: int, reason: str, detail: str) -> int:
    """Notes one more failed try and answers how many there were."""
    attempts: int = await uow.connection.fetchval(
        "update held_events set attempts = attempts + 1, reason = $2, detail = $3 where id = $1 returning attempts",
        row_id,
        reason,
        detail,
    )
    return attempts


async def forget_settled(uow: UnitOfWork, limit: int = 1000) -> int:
    """Removes rows settled more than 30 days ago, at most `limit` at a time, and answers how many."""
    done = await uow.connection.execute(
        """delete from held_events where id in (
             select id from held_events where settled_at < $1 order by settled_at limit $2)""",
        uow.now - KEPT_SETTLED,
        limit,
    )
    return int(done.split()[-1])


def record_of(row: Any, seal: Seal) -> HeldRecord:
    """Opens a held row."""
    place = _place(row["topic"], row["partition"], row["kafka_offset"])
    size, _, rest = seal.open(row["sealed"], place).partition(b"\n")
    headers = orjson.loads(rest[: int(size)])
    value = rest[int(size) :]
    return HeldRecord(
        row["topic"],
        row["partition"],
        row["kafka_offset"],
        row["kafka_key"],
        value or None,
        [(name, bytes.fromhex(content)) for name, content in headers],
    )


def _row(each: Hold, seal: Seal, now: datetime) -> tuple[Any, ...]:
    record, event = each.item.record, each.item.event
    named = _named(record) if event is None else {}
    version = event.version if event is not None else _whole(named.get("sequence"))
    return (
        record.topic,
        each.item.key,
        record.partition,
        record.offset,
        record.key,
        version,
        record_id(record) if event is None else event.id,
        event.type if event is not None else _text(named.get("type")),
        event.correlationid if event is not None else _text(named.get("correlationid")),
        _sealed(record, seal),
        each.reason,
        each.detail,
        0 if each.reason == FOLLOWS else 1,
        now,
    )


def _sealed(record: Record, seal: Seal) -> bytes:
    headers = orjson.dumps([(name, value.hex()) for name, value in record.headers])
    place = _place(record.topic, record.partition, record.offset)
    return seal.close(b"%d\n%b%b" % (len(headers), headers, record.value or b""), place)


def _place(topic: str, partition: int, offset: int) -> bytes:
    return f"{topic}/{partition}/{offset}".encode()


def _named(record: Record) -> dict[str, Any]:
    """The attributes of a record that could not be decoded, where it is at least JSON."""
    try:
        content = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _text(value: Any) -> str | None:
    return value[:512].replace("\x00", "") if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 18 else None


_COLUMNS = (
    "topic",
    "key",
    "partition",
    "kafka_offset",
    "kafka_key",
    "version",
    "event_id",
    "event_type",
    "correlation_id",
    "sealed",
    "reason",
    "detail",
    "attempts",
    "held_at",
)
_READ = "id, topic, key, partition, kafka_offset, kafka_key, version, event_id, sealed, reason, attempts"
