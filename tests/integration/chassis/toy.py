"""A service of the tests' own: it counts what it hears, and says each new total."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic_settings import SettingsConfigDict

from chassis.handling import Change, Handler, Subscription
from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.unit_of_work import UnitOfWork
from schemas.envelope import Catalogue, Decision, Envelope, EventData, EventType, Say
from schemas.errors import Refused


class AddedV1(EventData):
    """Something was added, one at a time."""

    tally: str
    note: str = ""


class AddedV2(EventData):
    """Something was added, any number of it."""

    tally: str
    number: int


class IgnoredV1(EventData):
    """A type that the toy knows and passes over."""

    tally: str


class TotalV1(EventData):
    """What the toy says."""

    tally: str
    total: int


CATALOGUE = Catalogue(
    [
        EventType("toy.added", AddedV1, "toy-events", "tally", "writer", ("toy",)),
        EventType("toy.added", AddedV2, "toy-events", "tally", "writer", ("toy",), version=2),
        EventType("toy.ignored", IgnoredV1, "toy-events", "tally", "writer", ("toy",)),
        EventType("toy.total", TotalV1, "toy-totals", "tally", "toy", ("reader",)),
    ]
)


class Forbidden(Refused):
    """The toy refuses this note."""

    code = "not_allowed"


class Broken(Exception):
    """A bug in the toy, switched on by a test."""


FAULTS: set[str] = set()
"""Notes at which decide raises Broken; a test removes its note to mend the bug."""


@dataclass(frozen=True, slots=True)
class Tally:
    total: int
    version: int


def add_one(state: Tally | None, event: Envelope[AddedV1], _now: datetime) -> Decision[Tally]:
    if event.data.note in FAULTS:
        raise Broken
    if event.data.note == "forbidden":
        raise Forbidden
    return _add(state, event.data.tally, 1000 if event.data.note == "too many" else 1)


def add_many(state: Tally | None, event: Envelope[AddedV2], _now: datetime) -> Decision[Tally]:
    return _add(state, event.data.tally, event.data.number)


def _add(state: Tally | None, tally: str, number: int) -> Decision[Tally]:
    state = state or Tally(0, 0)
    after = Tally(state.total + number, state.version + 1)
    return Decision(after, (Say(TotalV1(tally=tally, total=after.total), after.version),))


async def load(uow: UnitOfWork, keys: Sequence[str]) -> dict[str, Tally]:
    rows = await uow.connection.fetch(LOAD, list(keys))
    return {row["tally"]: Tally(row["total"], row["version"]) for row in rows}


async def save(uow: UnitOfWork, changes: Sequence[Change[str, Tally]]) -> None:
    await uow.connection.execute(
        SAVE,
        [change.key for change in changes],
        [change.after.total for change in changes],
        [change.after.version for change in changes],
    )


LOAD = "select * from tallies where tally = any($1::text[]) order by tally for update"

SAVE = """
insert into tallies select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict (tally) do update set total = excluded.total, version = excluded.version"""


class ToySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TOY_")


HANDLER: Handler[Any, Any] = Handler(load=load, save=save, decide={AddedV1: add_one, AddedV2: add_many})

SERVICE = Service(
    name="toy",
    description="Counts",
    settings=ToySettings,
    catalogue=CATALOGUE,
    migrations=Path(__file__).parent / "toy_migrations",
    subscriptions=(Subscription("toy-events", HANDLER, "writer"),),
)
