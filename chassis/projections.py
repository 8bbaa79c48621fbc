"""Projections: what a reader keeps of another service's aggregates, to be compared with it and told anew."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.announce import Source
from chassis.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Projection:
    """What is kept of `kind`, which `owner` announces on `topic`.

    `page(source, after, limit)`: the ids that are kept, in order; '' is before all.
    `clear(uow)` forgets all rows, for `rebuild`; None where they are more than a copy.
    """

    name: str
    owner: str
    kind: str
    topic: str
    page: Callable[[Source, str, int], Awaitable[list[str]]]
    clear: Callable[[UnitOfWork], Awaitable[None]] | None = None


async def page(source: Source, kept: Projection, after: str, limit: int) -> list[dict[str, Any]]:
    """What is kept, with the version that was seen last."""
    ids = await kept.page(source, after, limit)
    rows = await source.fetch(
        """select i.id, s.version as seen
             from unnest($1::text[]) with ordinality i(id, place)
             left join seen_versions s on s.producer = $2 and s.aggregate_id = i.id order by i.place""",
        ids,
        kept.owner,
    )
    return [dict(row) for row in rows]


async def waiting(source: Source, topic: str) -> list[str]:
    """The keys of a topic on which events are held."""
    return [row["key"] for row in await source.fetch("select key from held_keys where topic = $1 order by key", topic)]


async def forget(uow: UnitOfWork, kept: Projection, ids: Sequence[str]) -> int:
    """Makes the next snapshot of these count as news; answers of how many a version had been seen."""
    done = await uow.connection.execute(
        "delete from seen_versions where producer = $1 and aggregate_id = any($2::text[])", kept.owner, ids
    )
    return int(done.split()[-1])


async def size(source: Source, kept: Projection) -> int:
    """How many aggregates are kept."""
    total, after = 0, ""
    while ids := await kept.page(source, after, 5000):
        total, after = total + len(ids), ids[-1]
    return total


async def clear(uow: UnitOfWork, kept: Projection) -> int:
    """Forgets the whole projection and what was seen of it; answers how many aggregates it held."""
    assert kept.clear is not None
    total, after = 0, ""
    while ids := await kept.page(uow.connection, after, 5000):
        await forget(uow, kept, ids)
        total, after = total + len(ids), ids[-1]
    await kept.clear(uow)
    return total
