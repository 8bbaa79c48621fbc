"""Ids, versions and all that belongs to activations, to be announced and to be compared with onboarding's."""

from collections.abc import Sequence
from uuid import UUID

from chassis.announce import Known, Source
from chassis.unit_of_work import UnitOfWork

FIRST = UUID(int=0)

_GRANTED = """select client_id, user_id, kind, nullif(program, '') as program, nullif(part, '') as part, level, until
  from grants where client_id = any($1::uuid[]) order by client_id, user_id, kind, program, part"""


async def activations(source: Source, after: str, limit: int) -> list[Known]:
    """Activations in the order of their clients' ids. None is gone: a cancelled one was told of, too."""
    rows = await source.fetch(
        """select client_id, version, status from activations where client_id > $1 order by client_id limit $2""",
        UUID(after) if after else FIRST,
        limit,
    )
    return [Known(str(row["client_id"]), row["version"]) for row in rows]


async def clients(source: Source, after: str, limit: int) -> list[str]:
    """The clients that onboarding told of."""
    return [each.id for each in await activations(source, after, limit)]


async def agencies(source: Source, after: str, limit: int) -> list[str]:
    """The agencies that onboarding told of."""
    rows = await source.fetch(
        """select agency from agencies where agency collate "C" > $1 order by agency collate "C" limit $2""",
        after,
        limit,
    )
    return [row["agency"] for row in rows]


async def clear_agencies(uow: UnitOfWork) -> None:
    """Forgets what onboarding told of agencies and consultants."""
    await uow.connection.execute("delete from consultants; delete from agencies")


async def raise_versions(uow: UnitOfWork, ids: Sequence[UUID], by: int) -> None:
    """Leaves out versions that may have been said before a restore; of the matrix too, which programs keep by ETag."""
    await uow.connection.execute(
        """update activations set version = version + $2, access_version = access_version + $2
            where client_id = any($1::uuid[])""",
        ids,
        by,
    )
