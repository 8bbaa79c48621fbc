"""How work is written down: load, decide, save. The same three serve events, held events and HTTP commands."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from chassis.failures import Unprocessable
from chassis.unit_of_work import UnitOfWork
from schemas.envelope import Decision, Envelope, EventData, Say

Key = TypeVar("Key")
State = TypeVar("State")


class Record(Protocol):
    """A message as Kafka has it; aiokafka's ConsumerRecord and a held event both are one."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class CutRecord:
    """The beginning of a record that is larger than any that we read; `size` and `id` are those of the whole."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    size: int
    id: str


@dataclass(frozen=True, slots=True)
class Change(Generic[Key, State]):
    """One aggregate before and after a batch. `before` is None for what is new."""

    key: Key
    before: State | None
    after: State


def subject(event: Envelope[Any]) -> Any:
    """The usual key: the aggregate's id."""
    return event.subject


@dataclass(frozen=True)
class Handler(Generic[Key, State]):
    """What is done for one kind of aggregate.

    `load(uow, keys)` answers the states that exist, locked, in one query for the whole batch.
    `decide[type](state, event_or_command, now)` is pure; it raises `schemas.errors.Refused` for what the rules refuse.
    The type is that of the event's `data`, or of the command. Event types that are not named are passed over.
    `save(uow, changes)` writes the changed states, set-based.
    `key(event)` finds the key, where it is not the subject.
    `asks` are the types that ask for something instead of telling what is: a snapshot does not stand for them.
    """

    load: Callable[[UnitOfWork, Sequence[Key]], Awaitable[dict[Key, State]]]
    decide: Mapping[type[Any], Callable[[State | None, Any, datetime], Decision[State]]]
    save: Callable[[UnitOfWork, Sequence[Change[Key, State]]], Awaitable[None]]
    key: Callable[[Envelope[Any]], Key] = field(default=subject)
    asks: frozenset[type[EventData]] = frozenset()


@dataclass(frozen=True)
class Subscription:
    """A topic that a service reads.

    `producer` names the service that writes it: versions are counted per (producer, aggregate).
    `ours`: offsets without gaps, an order per key, versions. A sender's topic has none of these; for it `decode` turns
    a record into an envelope, and `reject` tells the sender what cannot be decoded (None where no sender can be told).
    `paused`: not read for now; what is held of it can still be settled.
    """

    topic: str
    handler: Handler[Any, Any]
    producer: str
    ours: bool = True
    decode: Callable[[Record], Envelope[Any]] | None = None
    reject: Callable[[Record, Unprocessable], Say | None] | None = None
    paused: bool = False
