"""Consultants who have left, and users who were removed: their bell and what they wanted of it go, and their names."""

from collections.abc import Sequence
from uuid import UUID

from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.news import ClientKey
from services.notifier.store import bells, pokes

_OF_CONSULTANTS = (
    """insert into former_consultants (agency, sub)
       select * from unnest($1::text[], $2::text[]) on conflict do nothing""",
    """delete from notifications i using unnest($1::text[], $2::text[]) n(agency, sub)
        where i.agency = n.agency and i.sub = n.sub""",
    """delete from muted_kinds m using unnest($1::text[], $2::text[]) n(agency, sub)
        where m.agency = n.agency and m.sub = n.sub""",
)

# By the agency's index on either subject: bells that name nobody are in neither.
_NAMES = (
    """update bells b set about = null from unnest($1::text[], $2::text[]) n(agency, sub)
        where b.agency = n.agency and b.about_sub = n.sub and b.about is not null returning b.id""",
    """update bells b set handled_by = null from unnest($1::text[], $2::text[]) n(agency, sub)
        where b.agency = n.agency and b.handled_by_sub = n.sub and b.handled_by is not null returning b.id""",
)


async def forget(uow: UnitOfWork, gone: Sequence[tuple[str, str]]) -> None:
    """(agency, subject) of consultants who have left. The last number of their bell stays: none is given twice."""
    if not gone:
        return
    those = [list(each) for each in zip(*gone, strict=True)]
    for statement in _OF_CONSULTANTS:
        await uow.connection.execute(statement, *those)
    changed: list[UUID] = []
    for statement in _NAMES:
        changed += [row["id"] for row in await uow.connection.fetch(statement, *those)]
    await bells.poke_readers(uow, changed)
    pokes.poke(uow, ((agency, sub, pokes.GONE) for agency, sub in gone))


_USERS = "unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) n(client_id, agency, user_id, sub)"
_NO_CONSULTANT = "not exists (select from consultants c where c.agency = n.agency and c.sub = n.sub)"

_OF_USERS = (
    f"""delete from notifications i using {_USERS}, bells b
         where b.client_id = n.client_id and b.audience = 'user' and i.bell_id = b.id and i.sub = n.sub
           and {_NO_CONSULTANT}""",  # noqa: S608  # names of our own
    f"""delete from muted_kinds m using {_USERS}
         where m.agency = n.agency and m.sub = n.sub and {_NO_CONSULTANT}
           and not exists (select from notifications i where i.agency = n.agency and i.sub = n.sub)""",  # noqa: S608  # constant text
)

_NAMES_OF_USERS = (
    f"""update bells b set about = null from {_USERS}
         where b.client_id = n.client_id and (b.about_sub = n.sub or b.facts->>'user_id' = n.user_id::text)
           and {_NO_CONSULTANT} returning b.id""",  # noqa: S608  # constant text
    f"""update bells b set handled_by = null from {_USERS}
         where b.client_id = n.client_id and b.handled_by_sub = n.sub and {_NO_CONSULTANT}
         returning b.id""",  # noqa: S608  # constant text
)


async def forget_users(uow: UnitOfWork, removed: Sequence[tuple[ClientKey, UUID, str]]) -> None:
    """(client, user, subject or nothing) of users who were removed from a client: what rang for them there goes,
    unless they are consultants, who may have to do with it still; and what they wanted, where nothing else rings."""
    if not removed:
        return
    those = [
        [key.client_id for key, _, _ in removed],
        [key.agency for key, _, _ in removed],
        [user_id for _, user_id, _ in removed],
        [sub for _, _, sub in removed],
    ]
    for statement in _OF_USERS:
        await uow.connection.execute(statement, *those)
    changed: list[UUID] = []
    for statement in _NAMES_OF_USERS:
        changed += [row["id"] for row in await uow.connection.fetch(statement, *those)]
    await bells.poke_readers(uow, changed)
    pokes.poke(uow, ((key.agency, sub, pokes.GONE) for key, _, sub in removed if sub))
