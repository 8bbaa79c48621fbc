"""Versions seen per (producer, aggregate): each event once and in order, whatever Kafka or a relay repeats."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from chassis.adding import add_rows
from chassis.unit_of_work import UnitOfWork

BASELINE = ""
"""In place of an event's id where a snapshot set the version: whatever event had this version is told by it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest version of an aggregate that was handled, and the event that carried it."""

    version: int
    event_id: str


class Verdict(Enum):
    """What is to be done with an event of one version."""

    APPLY = "apply"
    REPEATED = "repeated"
    GAP = "version_gap"
    CONFLICT = "version_conflict"


def judge(seen: Seen | None, version: int, event_id: str, *, snapshot: bool = False) -> Verdict:
    """Next version: apply. Older, or the same event: repeated. Same version, another event: conflict. Else a gap.

    A snapshot carries state and not change: it is applied unless something newer was seen.
    """
    last = seen.version if seen else 0
    if snapshot:
        return Verdict.APPLY if version > last or seen is None else Verdict.REPEATED
    if version == last + 1:
        return Verdict.APPLY
    if version > last:
        return Verdict.GAP
    if seen is not None and version == last and seen.event_id not in {event_id, BASELINE}:
        return Verdict.CONFLICT
    return Verdict.REPEATED


async def load(uow: UnitOfWork, producer: str, aggregates: Iterable[str]) -> dict[str, Seen]:
    """The versions seen of these aggregates, locked."""
    rows = await uow.connection.fetch(LOAD, producer, list(aggregates))
    return {row["aggregate_id"]: Seen(row["version"], row["event_id"]) for row in rows}


async def save(uow: UnitOfWork, producer: str, before: Mapping[str, Seen], after: Mapping[str, Seen]) -> None:
    """Stores what has been seen since `load`: new aggregates are added, the others changed in one update."""
    new = [(producer, key, seen.version, seen.event_id) for key, seen in after.items() if key not in before]
    changed = [(key, seen) for key, seen in after.items() if key in before and before[key] is not seen]
    await add_rows(uow.connection, "seen_versions", ("producer", "aggregate_id", "version", "event_id"), new)
    if changed:
        await uow.connection.execute(
            SAVE,
            producer,
            [key for key, _ in changed],
            [seen.version for _, seen in changed],
            [seen.event_id for _, seen in changed],
        )


LOAD = """
select aggregate_id, version, event_id from seen_versions
 where producer = $1 and aggregate_id = any($2::text[]) order by aggregate_id for update"""

SAVE = """
update seen_versions s set version = n.version, event_id = n.event_id
  from unnest($2::text[], $3::bigint[], $4::text[]) n(aggregate_id, version, event_id)
 where s.producer = $1 and s.aggregate_id = n.aggregate_id"""
