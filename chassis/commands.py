"""An HTTP command is a batch of one: load, decide, save and the answer in one transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg
import structlog

from chassis.db import Database
from chassis.failures import NotNow
from chassis.handling import Change, Handler
from chassis.idempotency import IdempotencyKey, remember, remembered
from chassis.unit_of_work import Cause, UnitOfWork

log = structlog.get_logger(__name__)

Key = TypeVar("Key")
State = TypeVar("State")

ATTEMPTS = 4  # a lost race is decided anew on what the winner wrote


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gets: an HTTP status and a JSON body."""

    status: int
    body: dict[str, Any]


async def execute(
    uow: UnitOfWork, handler: Handler[Key, State], key: Key, command: Any, cause: Cause
) -> Change[Key, State]:
    """Runs one command in a transaction that is already open. Raises schemas.errors.Refused."""
    uow.cause = cause
    before = (await handler.load(uow, [key])).get(key)
    decision = handler.decide[type(command)](before, command, uow.now)
    change = Change(key, before, decision.state)
    if decision.state is not before:
        await handler.save(uow, [change])
    for say in decision.says:
        uow.publish(say, cause)
    return change


async def answer(
    database: Database,
    handler: Handler[Key, State],
    key: Key,
    command: Any,
    cause: Cause,
    render: Callable[[Change[Key, State]], Answer],
    idempotency: IdempotencyKey | None = None,
) -> Answer:
    """Runs one command whole; with an Idempotency-Key the same answer is given again and nothing is done twice."""

    async def work(uow: UnitOfWork) -> Answer:
        return render(await execute(uow, handler, key, command, cause))

    return await once(database, work, idempotency)


async def once(
    database: Database, work: Callable[[UnitOfWork], Awaitable[Answer]], idempotency: IdempotencyKey | None = None
) -> Answer:
    """Does any work in one transaction, anew where a race was lost; with an Idempotency-Key as `answer`."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with database.unit_of_work() as uow:
                if idempotency is not None:
                    earlier = await remembered(uow, idempotency)
                    if earlier is not None:
                        return Answer(*earlier)
                given = await work(uow)
                if idempotency is not None:
                    await remember(uow, idempotency, given.status, given.body)
                return given
        except (asyncpg.UniqueViolationError, asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            log.info("a race was lost; decided anew", attempt=attempt)
    raise NotNow("other requests were quicker each time")
