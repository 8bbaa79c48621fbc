"""Rows of the model database: what each table holds, and what a query answers."""

from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID


class Outbox(NamedTuple):
    id: int
    topic: str
    key: str | None
    headers: str
    payload: bytes


class Lease(NamedTuple):
    name: str
    owner: UUID | None
    epoch: int
    until: datetime | None


class OffsetRow(NamedTuple):
    topic: str
    partition: int
    next_offset: int
    last_event_id: str


class SeenRow(NamedTuple):
    producer: str
    aggregate_id: str
    version: int
    event_id: str


class HeldKey(NamedTuple):
    topic: str
    key: str
    retry_at: datetime | None


class HeldEvent(NamedTuple):
    id: int
    topic: str
    key: str
    partition: int
    kafka_offset: int
    version: int | None
    event_id: str | None
    event_type: str | None
    correlation_id: str | None
    sealed: bytes
    reason: str
    detail: str
    attempts: int
    held_at: datetime
    settled_at: datetime | None = None
    settled_how: str | None = None
    settled_by: str | None = None
    settled_reason: str | None = None


class TallyRow(NamedTuple):
    tally: str
    total: int
    version: int


class Answer(tuple[Any, ...]):
    """A row as a query answers it: by number and by name."""

    __slots__ = ()
    names: dict[str, int] = {}  # noqa: RUF012  # of each shape its own

    def __getitem__(self, at: Any) -> Any:
        return tuple.__getitem__(self, self.names[at] if type(at) is str else at)


def shape(*names: str) -> type[Answer]:
    """Rows with these columns."""
    return type("Answer", (Answer,), {"__slots__": (), "names": {name: at for at, name in enumerate(names)}})


def columns(*names: str) -> Any:
    """Makes answers of stored rows, by these of their columns."""
    made = shape(*names)

    def of(kind: type[Any], rows: list[Any]) -> list[Answer]:
        take = itemgetter(*(kind._fields.index(name) for name in names))
        return [made(take(row)) for row in rows]

    return of


TABLES = ("outbox", "relay_lease", "consumer_offsets", "seen_versions", "held_keys", "held_events", "tallies")
