"""PROMISE: who decides about a client holds its row until the decision is stored, so that no other does."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest

from chassis.unit_of_work import Cause, UnitOfWork
from services.onboarding.store import on_file, questions
from services.onboarding.store.on_file import Edit
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import content

HELD = "select from clients where client_id = $1 for update nowait"


def asked_about(uow: UnitOfWork, client_id: UUID) -> Awaitable[object]:
    return questions.load(uow, [client_id])


def changed(uow: UnitOfWork, client_id: UUID) -> Awaitable[object]:
    return on_file.load(uow, [Edit(client_id, "byra-ett", None, Cause("c-1"))])


@pytest.mark.parametrize("load", [asked_about, changed])
async def test_a_client_is_held_while_somebody_decides_about_it(
    running: Running, load: Callable[[UnitOfWork, UUID], Awaitable[object]]
) -> None:
    await running.register_agency()
    client_id = UUID((await running.create(content())).json()["client_id"])
    database = running.context.database
    async with database.unit_of_work() as uow:
        assert await load(uow, client_id)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await database.fetch(HELD, client_id)
    assert len(await database.fetch(HELD, client_id)) == 1
