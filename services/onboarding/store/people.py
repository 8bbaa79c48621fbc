"""Who has to do with which client: loaded and saved with a batch, and asked for whoever wants to see one."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from chassis.adding import add_rows
from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.onboarding.domain.people import People

HAS_TO_DO_WITH = """({sub} in (created_by_sub, responsible_consultant)
  or exists (select from client_people p where p.sub = {sub} and p.client_id = clients.client_id))"""

_HIDDEN = f"""select exists (select from agencies where agency = $1 and client_visibility = 'linked')
  and not exists (select from clients where agency = $1 and client_id = $2
                   and {HAS_TO_DO_WITH.format(sub="$3")})"""  # noqa: S608  # our own names

Pair = tuple[UUID, People | None, People]


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, People]:
    """The people of those clients that have any."""
    found: dict[UUID, tuple[set[str], set[str]]] = {}
    for row in await uow.connection.fetch(
        "select client_id, sub, relation from client_people where client_id = any($1::uuid[])", keys
    ):
        linked, users = found.setdefault(row["client_id"], (set(), set()))
        (linked if row["relation"] == "linked" else users).add(row["sub"])
    return {key: People(frozenset(linked), frozenset(users)) for key, (linked, users) in found.items()}


async def save(uow: UnitOfWork, pairs: Iterable[Pair]) -> None:
    """Writes who came and who went."""
    came, gone = [], []
    for key, before, after in pairs:
        was, now = _rows(key, before or People()), _rows(key, after)
        came += sorted(now - was)
        gone += sorted(was - now)
    if gone:
        await uow.connection.execute(
            """delete from client_people p using unnest($1::uuid[], $2::text[], $3::text[]) n(client_id, relation, sub)
                where p.client_id = n.client_id and p.relation = n.relation and p.sub = n.sub""",
            *map(list, zip(*gone, strict=True)),
        )
    await add_rows(uow.connection, "client_people", ("client_id", "relation", "sub"), came)


async def clear(uow: UnitOfWork) -> None:
    """Forgets them all: they are a copy of what activation knows."""
    await uow.connection.execute("delete from client_people")


async def sees_own_only(database: Database, agency: str) -> bool:
    """Whether each consultant of the agency sees the clients they have to do with, and no others."""
    row = await database.fetchrow(
        "select exists (select from agencies where agency = $1 and client_visibility = 'linked')", agency
    )
    return bool(row[0])


async def is_hidden(database: Database, agency: str, client_id: UUID, sub: str) -> bool:
    """Whether a consultant is not to see a client, where each sees only their own."""
    return bool((await database.fetchrow(_HIDDEN, agency, client_id, sub))[0])


def _rows(key: UUID, people: People) -> set[tuple[UUID, str, str]]:
    return {(key, "linked", sub) for sub in people.linked} | {(key, "user", sub) for sub in people.users}
