"""Our own offsets: how far each partition is handled, kept in the transaction that has the effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import takewhile
from operator import itemgetter
from typing import Protocol, TypeVar

from chassis.db import Database
from chassis.handling import CutRecord, Record
from chassis.logs import scrub
from chassis.unit_of_work import UnitOfWork

Place = tuple[str, int]
"""A topic and a partition number."""


class Placed(Protocol):
    """Something at an offset."""

    @property
    def offset(self) -> int: ...


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True)
class Offset:
    """The next offset to handle, and the id of the record before it."""

    next_offset: int
    last_event_id: str


class StopReading(Exception):  # base of the facts that stop a consumer
    """The log is not what it was. The service stops reading until somebody has looked at it."""


class GapDetected(StopReading):
    """Records are missing in the middle of one of our own topics."""


class TopicChanged(StopReading):
    """The record before our offset is gone or another one: the topic was recreated or cut."""


class RecordUnreadable(StopReading):
    """A record breaks Kafka's own rules so that the client cannot read past it."""


class HistoryMissing(StopReading):
    """We have never read this partition, and its beginning is gone: its owner must announce first."""


def record_id(record: Record) -> str:
    """What tells a record from another at the same place: its `ce_id` header, else a digest of its bytes.

    An id that reads as a person's number stands as a digest too.
    """
    if isinstance(record, CutRecord):
        return record.id
    for name, value in record.headers:
        if name == "ce_id" and value:
            given = value[:4096].decode("utf-8", "replace")[:512].replace("\x00", "")
            return given if scrub(given) == given else "sha256:" + sha256(value).hexdigest()[:32]
    return "sha256:" + sha256(record.value or b"").hexdigest()[:32]


async def read(database: Database, places: Sequence[Place]) -> dict[Place, Offset]:
    """The offsets of these partitions, where we have any."""
    rows = await database.fetch(READ, *_columns(places))
    return {(row["topic"], row["partition"]): Offset(row["next_offset"], row["last_event_id"]) for row in rows}


async def lock(uow: UnitOfWork, places: Sequence[Place]) -> dict[Place, Offset]:
    """The same, locked until commit: whoever holds this lock alone handles the partition."""
    rows = await uow.connection.fetch(LOCK, *_columns(places))
    return {(row["topic"], row["partition"]): Offset(row["next_offset"], row["last_event_id"]) for row in rows}


async def start(database: Database, place: Place, next_offset: int) -> None:
    """Notes where reading of a partition begins, unless that is noted already."""
    await database.execute(START, *place, next_offset)


async def advance(uow: UnitOfWork, offsets: Mapping[Place, Offset]) -> None:
    """Stores how far this transaction has come, in rows that `lock` has locked."""
    ordered = sorted(offsets.items(), key=itemgetter(0))
    await uow.connection.execute(
        ADVANCE,
        *_columns([place for place, _ in ordered]),
        [offset.next_offset for _, offset in ordered],
        [offset.last_event_id for _, offset in ordered],
    )


def fresh(place: Place, records: Sequence[P], expected: int, *, ours: bool) -> Sequence[P]:
    """What of a partition was not handled before, up to where one of our own topics lacks one.

    Raises GapDetected where that is at once.
    """
    if records[0].offset < expected:
        records = [record for record in records if record.offset >= expected]
    if ours and records:
        if records[0].offset != expected:
            raise GapDetected(f"{place[0]}[{place[1]}]: expected {expected}, got {records[0].offset}")
        if records[-1].offset - expected + 1 != len(records):
            whole = takewhile(lambda each: each[1].offset == expected + each[0], enumerate(records))
            return [record for _, record in whole]
    return records


def _columns(places: Sequence[Place]) -> tuple[list[str], list[int]]:
    return [topic for topic, _ in places], [partition for _, partition in places]


READ = """
select o.topic, o.partition, o.next_offset, o.last_event_id
  from consumer_offsets o join unnest($1::text[], $2::int[]) p(topic, partition) using (topic, partition)
 order by o.topic, o.partition"""

LOCK = READ + " for update of o"

START = """
insert into consumer_offsets (topic, partition, next_offset, last_event_id) values ($1, $2, $3, '')
on conflict do nothing"""

ADVANCE = """
update consumer_offsets o set next_offset = n.next_offset, last_event_id = n.last_event_id
  from unnest($1::text[], $2::int[], $3::bigint[], $4::text[]) n(topic, partition, next_offset, last_event_id)
 where (o.topic, o.partition) = (n.topic, n.partition)"""
