"""What people asked of activation: the questions that wait, and each with its answer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.adding import add_rows
from chassis.db import Database
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from schemas.errors import Pointed
from schemas.values import Person
from services.onboarding.domain.asking import Askable, Question

# fmt: off
COLUMNS = (
    "request_id", "client_id", "kind", "content", "by_sub", "by_name", "correlation_id", "asked_at", "state", "code",
    "errors", "facts", "settled_at",
)
# fmt: on
_COLUMNS = ", ".join(COLUMNS)

_LOCKED = """select client_id, version, agency, status, program_access, activated_by_name as activated_by, activated_at
  from clients where client_id = any($1::uuid[]) order by client_id for update"""

_OPEN = f"""select {_COLUMNS} from client_requests
 where client_id = any($1::uuid[]) and state in ('pending', 'unanswered')"""  # noqa: S608  # column names only

_ONE = f"select {_COLUMNS} from client_requests where client_id = $1 and request_id = $2"  # noqa: S608  # as above

_PAGE = f"""select {_COLUMNS} from client_requests
 where client_id = $1 and ($2::uuid is null or request_id < $2) order by request_id desc limit $3"""  # noqa: S608  # as above

_SETTLE = """update client_requests r
   set state = n.state, code = n.code, errors = n.errors::jsonb, facts = n.facts::jsonb,
       settled_at = n.settled_at
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    as n(request_id, state, code, errors, facts, settled_at)
 where r.request_id = n.request_id"""


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Askable]:
    """The clients that exist, locked, with the questions that wait."""
    rows = await uow.connection.fetch(_LOCKED, keys)
    waiting = await open_questions(uow, keys)
    return {row["client_id"]: Askable(**dict(row), questions=waiting[row["client_id"]]) for row in rows}


async def save(uow: UnitOfWork, changes: Sequence[Change[UUID, Askable]]) -> None:
    """Stores new questions, and the clients' versions at which they were asked."""
    after = [change.after for change in changes]
    await uow.connection.execute(
        """update clients c set version = n.version from unnest($1::uuid[], $2::bigint[]) as n(client_id, version)
            where c.client_id = n.client_id""",
        [each.client_id for each in after],
        [each.version for each in after],
    )
    await settle(
        uow, [(change.before.questions if change.before else {}, change.after.questions) for change in changes]
    )
    new = [each.asked for each in after if each.asked is not None]
    await add_rows(uow.connection, "client_requests", COLUMNS, [_row(question) for question in new])


async def open_questions(uow: UnitOfWork, clients: Sequence[UUID]) -> Mapping[UUID, dict[UUID, Question]]:
    """Client → the questions about it that an answer would settle, by their ids."""
    found: dict[UUID, dict[UUID, Question]] = defaultdict(dict)
    for row in await uow.connection.fetch(_OPEN, clients):
        found[row["client_id"]][row["request_id"]] = question(row)
    return found


async def settle(uow: UnitOfWork, pairs: Iterable[tuple[Mapping[UUID, Question], Mapping[UUID, Question]]]) -> None:
    """Stores what became of questions: those that were there before and are otherwise after."""
    settled = [
        after[request_id]
        for before, after in pairs
        for request_id, was in before.items()
        if request_id in after and after[request_id] != was
    ]
    if settled:
        await uow.connection.execute(
            _SETTLE,
            [each.request_id for each in settled],
            [each.state for each in settled],
            [each.code for each in settled],
            [_errors(each) for each in settled],
            [orjson.dumps(dict(each.facts)).decode() for each in settled],
            [each.settled_at for each in settled],
        )


async def read(database: Database, client_id: UUID, request_id: UUID) -> Question | None:
    """One question about a client, or None."""
    row = await database.fetchrow(_ONE, client_id, request_id)
    return None if row is None else question(row)


async def page(database: Database, client_id: UUID, before: UUID | None, limit: int) -> list[Question]:
    """At most `limit` questions about a client, the newest first, those before an id."""
    return [question(row) for row in await database.fetch(_PAGE, client_id, before, limit)]


def question(row: Any) -> Question:
    """A row as the domain knows it; the name is empty once the client is erased."""
    return Question(
        request_id=row["request_id"],
        client_id=row["client_id"],
        kind=row["kind"],
        content=orjson.loads(row["content"]),
        by=Person.model_construct(sub=row["by_sub"], name=row["by_name"]),
        asked_at=row["asked_at"],
        correlation_id=row["correlation_id"],
        state=row["state"],
        code=row["code"],
        errors=tuple(Pointed(each["pointer"], each["code"]) for each in orjson.loads(row["errors"])),
        settled_at=row["settled_at"],
        facts=_facts(row["facts"]),
    )


def _facts(stored: str) -> dict[str, Any]:
    facts: dict[str, Any] = orjson.loads(stored)
    at = facts.get("activated_at")
    return facts if at is None else facts | {"activated_at": datetime.fromisoformat(at)}


def _row(asked: Question) -> tuple[Any, ...]:
    return (
        asked.request_id,
        asked.client_id,
        asked.kind,
        orjson.dumps(dict(asked.content)).decode(),
        asked.by.sub,
        asked.by.name,
        asked.correlation_id,
        asked.asked_at,
        asked.state,
        asked.code,
        _errors(asked),
        orjson.dumps(dict(asked.facts)).decode(),
        asked.settled_at,
    )


def _errors(asked: Question) -> str:
    return orjson.dumps([{"pointer": each.pointer, "code": each.code} for each in asked.errors]).decode()
