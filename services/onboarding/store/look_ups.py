"""What somebody was told of other agencies' clients: keyed digests of numbers, by the hour."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.unit_of_work import UnitOfWork
from services.onboarding.domain.look_ups import hour_of

KEPT = timedelta(days=1)

_NOTE = """insert into look_ups (agency, sub, hour, number)
select $1, $2, $3, number from unnest($4::bytea[]) as number on conflict do nothing"""


async def count(uow: UnitOfWork, agency: str, sub: str) -> int:
    """How many numbers somebody was told of within this hour; at once by one alone, so that all are counted."""
    await uow.connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('look-up:' || $1 || '/' || $2, 7))", agency, sub
    )
    found = await uow.connection.fetchval(
        "select count(*) from look_ups where agency = $1 and sub = $2 and hour = $3", agency, sub, hour_of(uow.now)
    )
    return int(found)


async def were_told(uow: UnitOfWork, agency: str, sub: str, numbers: Sequence[bytes]) -> set[bytes]:
    """Which of these it were, within this hour."""
    rows = await uow.connection.fetch(
        "select number from look_ups where agency = $1 and sub = $2 and hour = $3 and number = any($4::bytea[])",
        agency,
        sub,
        hour_of(uow.now),
        list(numbers),
    )
    return {row["number"] for row in rows}


async def note(uow: UnitOfWork, agency: str, sub: str, numbers: Sequence[bytes]) -> None:
    """Stores that somebody is told of numbers."""
    if numbers:
        await uow.connection.execute(_NOTE, agency, sub, hour_of(uow.now), list(numbers))


async def forget_old(uow: UnitOfWork, limit: int = 1000) -> int:
    """Removes what was told long ago, and answers how many."""
    done = await uow.connection.execute(
        "delete from look_ups where ctid in (select ctid from look_ups where hour < $1 limit $2)",
        uow.now - KEPT,
        limit,
    )
    return int(done.split()[-1])
