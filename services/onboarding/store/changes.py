"""The history of clients on file: who changed what, only added to; blanked where a client is erased."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from pydantic_core import to_jsonable_python

from chassis.adding import add_rows
from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.onboarding.domain.changing import Noted

COLUMNS = ("client_id", "edition", "at", "act", "by_sub", "by_name", "correlation_id", "altered")

_SINCE = """select edition, at, act, by_sub, by_name, altered from client_changes
 where client_id = $1 and edition > $2 order by edition limit $3"""

_PAGE = """select edition, at, act, by_sub, by_name, altered from client_changes
 where client_id = $1 and ($2::bigint is null or edition < $2) order by edition desc limit $3"""


async def add(uow: UnitOfWork, noted: Sequence[tuple[UUID, int, Noted, str]]) -> None:
    """Adds acts: (client, its edition after the act, the act, the correlation id of what made somebody act)."""
    await add_rows(
        uow.connection,
        "client_changes",
        COLUMNS,
        [
            (client_id, edition, uow.now, act.act, act.by.sub, act.by.name, correlation_id, _altered(act))
            for client_id, edition, act, correlation_id in noted
        ],
    )


async def since(database: Database, client_id: UUID, edition: int, limit: int) -> list[dict[str, Any]]:
    """The acts after an edition, the oldest first."""
    return [shown(row) for row in await database.fetch(_SINCE, client_id, edition, limit)]


async def page(database: Database, client_id: UUID, before: int | None, limit: int) -> list[Any]:
    """At most `limit` acts on a client, the newest first, those before an edition."""
    return await database.fetch(_PAGE, client_id, before, limit)


async def forget(uow: UnitOfWork, client_id: UUID) -> None:
    """Leaves of a client's history the skeleton: that something was done, when and by which subject."""
    await uow.connection.execute(
        "update client_changes set altered = '[]', by_name = '' where client_id = $1", client_id
    )


def shown(row: Any) -> dict[str, Any]:
    """An act as people read it."""
    return {
        "edition": row["edition"],
        "at": row["at"],
        "act": row["act"],
        "by": {"sub": row["by_sub"], "name": row["by_name"]},
        "changes": orjson.loads(row["altered"]),
    }


def _altered(act: Noted) -> str:
    return orjson.dumps(
        [
            {
                "pointer": each.pointer,
                "before": to_jsonable_python(each.before),
                "after": to_jsonable_python(each.after),
            }
            for each in act.altered
        ]
    ).decode()
