"""Who has to do with which client: loaded and saved with a batch, and asked for whoever wants to see its mails."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from chassis.adding import add_rows
from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.news import People

HAS_TO_DO_WITH = """exists (select from client_people p where p.sub = {sub} and p.client_id = emails.client_id)"""

Pair = tuple[UUID, People, People]


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, People]:
    """The people of those clients that have any."""
    found: dict[UUID, set[tuple[str, str]]] = {}
    for row in await uow.connection.fetch(
        "select client_id, relation, sub from client_people where client_id = any($1::uuid[])", keys
    ):
        found.setdefault(row["client_id"], set()).add((row["relation"], row["sub"]))
    return {key: frozenset(each) for key, each in found.items()}


async def save(uow: UnitOfWork, pairs: Iterable[Pair]) -> None:
    """Writes who came and who went."""
    came, gone = [], []
    for key, before, after in pairs:
        came += [(key, *each) for each in sorted(after - before)]
        gone += [(key, *each) for each in sorted(before - after)]
    if gone:
        await uow.connection.execute(
            """delete from client_people p using unnest($1::uuid[], $2::text[], $3::text[]) n(client_id, relation, sub)
                where p.client_id = n.client_id and p.relation = n.relation and p.sub = n.sub""",
            *map(list, zip(*gone, strict=True)),
        )
    await add_rows(uow.connection, "client_people", ("client_id", "relation", "sub"), came)


async def sees_own_only(database: Database, agency: str) -> bool:
    """Whether each consultant of the agency sees the clients they have to do with, and no others."""
    row = await database.fetchrow(
        "select exists (select from agencies where agency = $1 and client_visibility = 'linked')", agency
    )
    return bool(row[0])
