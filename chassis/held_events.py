"""Held events: what could not be handled, sealed, with all that came behind it on its key, in order."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from chassis.consumer_offsets import record_id
from chassis.db import Database
from chassis.fold import FOLLOWS, Hold
from chassis.handling import CutRecord, Record
from chassis.logs import scrub
from chassis.seal import Seal
from chassis.unit_of_work import UnitOfWork

TRIES = 3  # a bug may depend on the moment; after these it waits for a person
WAIT_TRIES = 5  # what waits for something on its way, within a minute
FIRST_RETRY = timedelta(seconds=2)
KEPT_SETTLED = timedelta(days=30)
IN_ONE_GO = 64  # rows of up to 1 MB each; Postgres refuses a statement of 1 GB


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A held event as the record it was."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


async def held_keys(uow: UnitOfWork, topic: str, keys: Iterable[str]) -> dict[str, str]:
    """Which of these keys wait, and why what came first on each does; locked so that no retry can settle them."""
    if not await uow.connection.fetchval(KEYS_ANY, topic):
        return {}
    rows = await uow.connection.fetch(KEYS, topic, list(keys))
    return {row["key"]: row["reason"] or FOLLOWS for row in rows}


async def hold(uow: UnitOfWork, seal: Seal, holds: Sequence[Hold]) -> None:
    """Stores what cannot be handled. Heads that are worth another try get a time for it.

    A record that is held already stays as it is; another one at its place, of a topic made anew, is stored beside it.
    """
    heads = [each for each in holds if each.reason != FOLLOWS]
    await uow.connection.execute(
        HOLD_KEYS,
        [each.item.record.topic for each in heads],
        [each.item.key for each in heads],
        [uow.now + FIRST_RETRY if each.again else None for each in heads],
    )
    for begin in range(0, len(holds), IN_ONE_GO):
        rows = (_row(each, seal, uow.now) for each in holds[begin : begin + IN_ONE_GO])
        await uow.connection.execute(HOLD, *zip(*rows, strict=True))


async def due_now(uow: UnitOfWork, topic: str, keys: Iterable[str]) -> None:
    """What these keys waited for has come."""
    await uow.connection.execute(DUE_NOW, topic, list(keys), uow.now)


async def due_key(uow: UnitOfWork) -> tuple[str, str] | None:
    """A (topic, key) whose time has come, locked; None where there is none."""
    row = await uow.connection.fetchrow(DUE_KEY, uow.now)
    return (row["topic"], row["key"]) if row else None


async def lock_key(uow: UnitOfWork, topic: str, key: str) -> bool:
    """Locks one key; False where nothing is held on it."""
    return await uow.connection.fetchrow(LOCK_KEY, topic, key) is not None


async def waiting(uow: UnitOfWork, topic: str, key: str, limit: int) -> list[Any]:
    """The held rows of a key that must be locked already, its head first; `turn` says in which order."""
    return await uow.connection.fetch(WAITING, topic, key, limit)


async def next_version(uow: UnitOfWork, head: Any, last: int) -> int | None:
    """The lowest version above `last` that waits behind the head of a key; None where there is none."""
    version: int | None = await uow.connection.fetchval(NEXT_VERSION, head["topic"], head["key"], last, head["id"])
    return version


async def settle(uow: UnitOfWork, row_id: int, how: str, by: str, reason: str = "") -> None:
    """Marks a row as retried, repeated (it had been seen already) or discarded; it is kept for 30 days more."""
    await uow.connection.execute(SETTLE, row_id, uow.now, how, by, reason)


async def waits_as(database: Database, topic: str, event_id: str) -> Any:
    """What is held from a topic under this id (held_at, reason, correlation_id, retry_at), the newest; or None."""
    return await database.fetchrow(_WAITS_AS, topic, event_id)


async def left(uow: UnitOfWork, topic: str, key: str) -> int:
    """How many events of a key wait."""
    count: int = await uow.connection.fetchval(LEFT, topic, key)
    return count


async def release_or_schedule(uow: UnitOfWork, topic: str, key: str, retry_at: datetime | None) -> None:
    """Frees a key on which nothing waits any more, else gives it its next time (None: a person must act)."""
    await uow.connection.execute(RELEASE_OR_SCHEDULE, topic, key, retry_at)


async def failed_again(uow: UnitOfWork, row_id: int, reason: str, detail: str) -> int:
    """Notes one more failed try and answers how many there were."""
    attempts: int = await uow.connection.fetchval(FAILED_AGAIN, row_id, reason, detail)
    return attempts


async def forget_contents(uow: UnitOfWork, keys: Sequence[str]) -> None:
    """Takes the content out of what was held on these keys and is settled: of somebody who was erased nothing stays.

    What still waits is needed for the order of its key; it goes 30 days after it is settled, as all that was held does.
    """
    await uow.connection.execute(_FORGET_CONTENTS, keys)


async def forget_settled(uow: UnitOfWork, limit: int = 1000) -> int:
    """Removes rows settled more than 30 days ago, at most `limit` at a time, and answers how many."""
    done = await uow.connection.execute(FORGET_SETTLED, uow.now - KEPT_SETTLED, limit)
    return int(done.split()[-1])


def record_of(row: Any, seal: Seal) -> HeldRecord | CutRecord:
    """Opens a held row. Raises cryptography.exceptions.InvalidTag where it was sealed with another key."""
    place = _place(row["topic"], row["partition"], row["kafka_offset"])
    size, _, rest = seal.open(row["sealed"], place).partition(b"\n")
    key, headers, *whole = orjson.loads(rest[: int(size)])
    record = HeldRecord(
        row["topic"],
        row["partition"],
        row["kafka_offset"],
        _bytes(key),
        rest[int(size) :] or None,
        [(name, _bytes(content)) for name, content in headers],
    )
    return CutRecord(**asdict(record), size=whole[0], id=whole[1]) if whole else record


def _row(each: Hold, seal: Seal, now: datetime) -> tuple[Any, ...]:
    record, event = each.item.record, each.item.event
    named = _named(record) if event is None else {}
    version = event.version if event is not None else _whole(named.get("sequence"))
    return (
        record.topic,
        each.item.key,
        record.partition,
        record.offset,
        version,
        event.id if event is not None and _text(event.id) == event.id else record_id(record),
        _text(event.type if event is not None else named.get("type")),
        _text(event.correlationid if event is not None else named.get("correlationid")),
        _sealed(record, seal),
        each.reason,
        each.detail,
        0 if each.reason == FOLLOWS else 1,
        now,
    )


def _sealed(record: Record, seal: Seal) -> bytes:
    headers = [(name, None if value is None else value.hex()) for name, value in record.headers]
    whole = (record.size, record.id) if isinstance(record, CutRecord) else ()
    about = orjson.dumps((None if record.key is None else record.key.hex(), headers, *whole))
    place = _place(record.topic, record.partition, record.offset)
    return seal.close(b"%d\n%b%b" % (len(about), about, record.value or b""), place)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


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
    """A sender's text as it may stand in the clear: short, storable, and without what looks like a person's number."""
    if not isinstance(value, str):
        return None
    return scrub(value[:512].replace("\x00", "").encode("utf-8", "replace").decode())


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 18 else None


KEYS_ANY = "select exists (select from held_keys where topic = $1)"

KEYS = """
select k.key, (select h.reason from held_events h
                where h.topic = k.topic and h.key = k.key and h.settled_at is null
                order by h.id limit 1) as reason
  from held_keys k where k.topic = $1 and k.key = any($2::text[]) order by k.key for update of k"""

HOLD_KEYS = """
insert into held_keys (topic, key, retry_at)
select * from unnest($1::text[], $2::text[], $3::timestamptz[]) on conflict do nothing"""

HOLD = """
insert into held_events (topic, key, partition, kafka_offset, version, event_id, event_type, correlation_id, sealed,
                         reason, detail, attempts, held_at)
select * from unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
                     $9::bytea[], $10::text[], $11::text[], $12::int[], $13::timestamptz[])
on conflict (topic, partition, kafka_offset, event_id) where settled_at is null do nothing"""

DUE_NOW = "update held_keys set retry_at = $3 where topic = $1 and key = any($2::text[])"

DUE_KEY = "select topic, key from held_keys where retry_at <= $1 order by retry_at limit 1 for update skip locked"

LOCK_KEY = "select 1 from held_keys where topic = $1 and key = $2 for update"

FIRST = """
left join lateral (select f.reason = 'version_gap' as waits_for_a_gap from held_events f
                    where f.topic = h.topic and f.key = h.key and f.settled_at is null order by f.id limit 1) first
  on true"""


def turn(row: str) -> str:
    """The turn of an open row among those of its key, in SQL that joins FIRST to `held_events h`.

    By version where what came first waits for a gap, since what it misses may have come behind it; else as they came.
    """
    return f"(case when first.waits_for_a_gap then coalesce({row}.version, {2**63 - 1}) else 0 end, {row}.id)"


WAITING = f"""
select h.id, h.topic, h.key, h.partition, h.kafka_offset, h.version, h.event_id, h.sealed, h.reason, h.attempts
  from held_events h {FIRST}
 where h.topic = $1 and h.key = $2 and h.settled_at is null
 order by {turn("h")} limit $3"""  # noqa: S608  # constant pieces; values are parameters

NEXT_VERSION = """
select min(version) from held_events
 where topic = $1 and key = $2 and version > $3 and id <> $4 and settled_at is null"""

SETTLE = """
update held_events set settled_at = $2, settled_how = $3, settled_by = $4, settled_reason = $5 where id = $1"""

# What is asked for from outside the life of a held event stands apart: the simulation need not know it.
_WAITS_AS = """
select h.held_at, h.reason, h.correlation_id, k.retry_at from held_events h left join held_keys k using (topic, key)
 where h.topic = $1 and h.event_id = $2 and h.settled_at is null order by h.id desc limit 1"""

LEFT = "select count(*) from held_events where topic = $1 and key = $2 and settled_at is null"

RELEASE_OR_SCHEDULE = """
with left_over as (
  select exists (select from held_events where topic = $1 and key = $2 and settled_at is null) as any)
, freed as (delete from held_keys k using left_over l where k.topic = $1 and k.key = $2 and not l.any)
update held_keys k set retry_at = $3 from left_over l where k.topic = $1 and k.key = $2 and l.any"""

FAILED_AGAIN = """
update held_events set attempts = attempts + 1, reason = $2, detail = $3 where id = $1 returning attempts"""

_FORGET_CONTENTS = """
update held_events set sealed = '' where key = any($1::text[]) and settled_at is not null and sealed <> ''"""

FORGET_SETTLED = """
delete from held_events where id in (
  select id from held_events where settled_at < $1 order by settled_at limit $2)"""
