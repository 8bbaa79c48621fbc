"""Upstream sources, and the requests that came from them with their answers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from chassis import held_events
from chassis.adding import add_rows
from chassis.db import Database
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from schemas.errors import Pointed
from services.onboarding.domain.requests import Outcome, Refusal, Request, Sender

KEPT = timedelta(days=45)

# fmt: off
COLUMNS = (
    "source", "request_id", "digest", "correlation_id", "results_topic", "agency", "external_ref",
    "received_at", "client_id", "command_id", "effective_at", "code", "errors", "retryable", "refused_by_client",
    "warnings",
)
# fmt: on

_LOAD = f"""select {", ".join("r." + column for column in COLUMNS)} from requests r
  join unnest($1::text[], $2::text[]) as k(source, request_id)
    on r.source = k.source and r.request_id = k.request_id"""  # noqa: S608  # column names only


async def senders(uow: UnitOfWork, topics: Sequence[str]) -> dict[str, Sender]:
    """Topic → the source that it belongs to."""
    rows = await uow.connection.fetch(
        """select topic, source, results_topic, agencies, test, may, state = 'removed' as removed
             from sources where topic = any($1::text[])""",
        topics,
    )
    return {
        row["topic"]: Sender(
            row["source"],
            row["results_topic"],
            None if row["agencies"] is None else frozenset(row["agencies"]),
            row["test"],
            frozenset(row["may"]),
            row["removed"],
        )
        for row in rows
    }


async def load(uow: UnitOfWork, ids: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Request]:
    """(source, id) → the request that came before under it."""
    rows = await uow.connection.fetch(_LOAD, [source for source, _ in ids], [request_id for _, request_id in ids])
    return {(row["source"], row["request_id"]): _request(row) for row in rows}


async def save(uow: UnitOfWork, changes: Sequence[Change[Any, Request]]) -> None:
    """Stores answered requests; one that was refused for the time being gives way to its new answer."""
    again = [change.after for change in changes if change.before is not None]
    if again:
        await uow.connection.execute(
            """delete from requests r using unnest($1::text[], $2::text[]) as k(source, request_id)
                where r.source = k.source and r.request_id = k.request_id""",
            [each.source for each in again],
            [each.request_id for each in again],
        )
    await add_rows(uow.connection, "requests", COLUMNS, [_row(change.after) for change in changes])


async def forget_old(uow: UnitOfWork, limit: int = 1000) -> int:
    """Removes requests older than 45 days, at most `limit` at a time, and answers how many.

    One that asks for something on a day stays until 45 days after it: the answer of that day must find who asked.
    """
    done = await uow.connection.execute(
        """delete from requests where (source, request_id) in
             (select source, request_id from requests
               where received_at < $1 and (effective_at is null or effective_at < $1) limit $2)""",
        uow.now - KEPT,
        limit,
    )
    return int(done.split()[-1])


async def read(database: Database, source: str, request_id: str) -> tuple[Request, Any] | None:
    """A request, and the row of its client with status and times (None where it has none)."""
    row = await database.fetchrow(
        f"select {', '.join(COLUMNS)}, outcomes from requests where source = $1 and request_id = $2",  # noqa: S608  # as above
        source,
        request_id,
    )
    if row is None:
        return None
    client = await database.fetchrow(
        """select status, created_at, listed_at, activated_at, configured_at, cancelled_at
             from clients where client_id = $1""",
        row["client_id"],
    )
    return replace(_request(row), outcomes=tuple(map(_outcome, orjson.loads(row["outcomes"])))), client


async def came_of(uow: UnitOfWork, outcomes: Sequence[tuple[UUID, UUID, Outcome]]) -> None:
    """Adds what activation answered to requests: (client, command, answer), in order."""
    for client_id, command_id, outcome in outcomes:  # a statement each, since one request may have two in a batch
        stored = {"what": outcome.what, "at": outcome.at, "code": outcome.code, "errors": _errors(outcome.errors)}
        await uow.connection.execute(
            """update requests set outcomes = outcomes || jsonb_build_array($3::jsonb)
                where client_id = $1 and command_id = $2""",
            client_id,
            command_id,
            orjson.dumps(stored).decode(),
        )


async def held(database: Database, prefix: str, source: str, request_id: str) -> Any:
    """The request as it is held (held_at, reason, correlation_id, retry_at), or None."""
    topic = await database.fetchrow("select topic from sources where source = $1", source)
    return None if topic is None else await held_events.waits_as(database, prefix + topic["topic"], request_id)


def _row(request: Request) -> tuple[Any, ...]:
    refusal = request.refusal
    errors = None
    if refusal is not None:
        errors = orjson.dumps(_errors(refusal.errors)).decode()
    return (
        request.source,
        request.request_id,
        request.digest,
        request.correlation_id,
        request.results_topic,
        request.agency,
        request.external_ref,
        request.received_at,
        request.client_id,
        request.command_id,
        request.effective_at,
        None if refusal is None else refusal.code,
        errors,
        refusal is not None and refusal.retryable,
        None if refusal is None else refusal.client_id,
        orjson.dumps(_errors(request.warnings)).decode(),
    )


def _request(row: Any) -> Request:
    values = {column: row[column] for column in COLUMNS}
    code, errors, retryable, client = (
        values.pop(each) for each in ("code", "errors", "retryable", "refused_by_client")
    )
    refusal = None
    if code is not None:
        refusal = Refusal(code, _pointed(orjson.loads(errors)), client, retryable)
    return Request(**{**values, "warnings": _pointed(orjson.loads(values["warnings"]))}, refusal=refusal)


def _outcome(stored: Any) -> Outcome:
    at = datetime.fromisoformat(stored["at"])
    return Outcome(stored["what"], at, stored["code"], _pointed(stored["errors"]))


def _errors(errors: Sequence[Pointed]) -> list[dict[str, Any]]:
    return [
        {"pointer": each.pointer, "code": each.code} | ({"choices": each.choices} if each.choices else {})
        for each in errors
    ]


def _pointed(stored: Any) -> tuple[Pointed, ...]:
    return tuple(Pointed(each["pointer"], each["code"], choices=tuple(each.get("choices", ()))) for each in stored)
