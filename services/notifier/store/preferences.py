"""What each user wants to be told, kind by kind; and who has left an agency, to whom nothing is told any more."""

from collections.abc import Mapping, Sequence

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork


async def of_user(database: Database, agency: str, sub: str) -> set[str]:
    """The kinds that a user has turned off."""
    rows = await database.fetch("select kind from muted_kinds where agency = $1 and sub = $2", agency, sub)
    return {row["kind"] for row in rows}


async def change(uow: UnitOfWork, agency: str, sub: str, wanted: Mapping[str, bool]) -> None:
    """Turns kinds on and off; the others stay as they are."""
    await uow.connection.execute(
        "delete from muted_kinds where agency = $1 and sub = $2 and kind = any($3)",
        agency,
        sub,
        [kind for kind, on in wanted.items() if on],
    )
    await uow.connection.execute(
        "insert into muted_kinds (agency, sub, kind) select $1, $2, unnest($3::text[]) on conflict do nothing",
        agency,
        sub,
        sorted(kind for kind, on in wanted.items() if not on),
    )


async def muted(uow: UnitOfWork, agencies: Sequence[str]) -> dict[str, frozenset[tuple[str, str]]]:
    """Agency → (subject, kind) of all that was turned off in it."""
    rows = await uow.connection.fetch("select agency, sub, kind from muted_kinds where agency = any($1)", agencies)
    return {
        agency: frozenset((row["sub"], row["kind"]) for row in rows if row["agency"] == agency)
        for agency in {row["agency"] for row in rows}
    }


async def came_back(uow: UnitOfWork, told: Sequence[tuple[str, str]]) -> None:
    """Consultants who are there are not former ones."""
    if told:
        await uow.connection.execute(
            """delete from former_consultants f using unnest($1::text[], $2::text[]) n(agency, sub)
                where f.agency = n.agency and f.sub = n.sub""",
            *map(list, zip(*told, strict=True)),
        )
