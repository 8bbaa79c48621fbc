"""The operator's view of one service: status, held events (list, show, retry, discard), and a client's steps."""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from chassis import announce
from chassis.callers import Opened, Who
from chassis.held_events import FIRST, turn
from chassis.retrier import HeldEventIsNotHead, Replayed, Retrier
from chassis.service import Context
from chassis.tokens import Caller, OperatorRequired
from schemas.errors import Refused

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/operations", tags=["operations"])


class HeldEventUnknown(Refused):
    """There is no such held event."""

    code = "not_found"


class Undo(Exception):  # not an error: takes a dry run back
    """Ends a dry run's transaction."""


class Discard(BaseModel):
    """Why a held event is given up."""

    reason: str = Field(min_length=3, max_length=500, pattern=r"^[^\x00]*$")
    dry_run: bool = True


class Retry(BaseModel):
    """Whether a retry is only tried out."""

    dry_run: bool = True


def _retrier(request: Request) -> Retrier:
    retrier = request.app.state.retrier
    assert isinstance(retrier, Retrier)
    return retrier


async def operator(who: Who) -> Caller:
    """The caller, who must be an operator. Raises Unauthenticated, TokenInvalid, OperatorRequired."""
    if "operator" not in who.roles or who.client is not None:  # a client's own user is nobody's operator
        raise OperatorRequired
    return who


LARGEST_ID = 2**63 - 1
HeldId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Plain = Annotated[str, Query(max_length=512, pattern=r"^[^\x00]*$")]
Operator = Annotated[Caller, Depends(operator)]


@router.get("/status", summary="Offsets, outbox, held events and jobs of this service")
async def status(_: Operator, context: Opened, request: Request) -> dict[str, Any]:
    database = context.database
    consumer = getattr(request.app.state, "consumer", None)
    readers = getattr(request.app.state, "readers", None)
    counts = await database.fetchrow(
        """select (select count(*) from outbox) as outbox,
                  (select min(created_at) from outbox) as outbox_since,
                  (select count(*) from held_events where settled_at is null) as held,
                  (select min(held_at) from held_events where settled_at is null) as held_since"""
    )
    offsets = await database.fetch("select topic, sum(next_offset) as handled from consumer_offsets group by topic")
    jobs = await database.fetch("select name, last_run_at, last_done, last_error from jobs order by name")
    return {
        "service": context.service.name,
        **(await context.service.standing(database) if context.service.standing else {}),
        "announcing": [dict(row) for row in await announce.under_way(database) if row["finished_at"] is None],
        "announces": [{"kind": each.kind, "topic": each.topic} for each in context.service.announcers],
        "projections": [
            {"name": each.name, "owner": each.owner, "kind": each.kind, "rebuilds": each.clear is not None}
            for each in context.service.projections
        ],
        "reading_stopped_by": getattr(consumer, "stopped_by", None) or (readers and readers.stopped_by),
        "stuck": context.heartbeats.stuck(),
        **dict(counts),
        "handled": {row["topic"]: int(row["handled"]) for row in offsets},
        "jobs": [dict(row) for row in jobs],
    }


@router.get("/trace", summary="The steps of a client's way that this service knows")
async def trace(
    _: Operator, context: Opened, client_id: Plain | None = None, correlation_id: Plain | None = None
) -> dict[str, Any]:
    steps = await context.service.trace(context.database, client_id, correlation_id) if context.service.trace else []
    held = await context.database.fetch(
        """select held_at, topic, event_type, reason from held_events
            where settled_at is null and (key = $1 or correlation_id = $2) order by id""",
        client_id,
        correlation_id,
    )
    return {
        "service": context.service.name,
        "steps": [{"at": step.at, "what": step.what, "detail": step.detail} for step in steps]
        + [
            {"at": row["held_at"], "what": "held", "detail": {"event_type": row["event_type"], "reason": row["reason"]}}
            for row in held
        ],
    }


@router.get("/held-events", summary="Held events that wait, oldest first")
async def list_held(
    _: Operator,
    context: Opened,
    reason: Plain | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
    settled: Annotated[bool, Query(description="those retried or discarded in the last 30 days instead")] = False,
) -> dict[str, Any]:
    rows = await context.database.fetch(
        f"""select {_SHOWN}, settled_at, settled_how, settled_by, settled_reason, {_BEHIND} as followers
              from held_events h left join held_keys k using (topic, key) {FIRST}
             where (settled_at is not null) = $4 and id > $1 and ($2::text is null or reason = $2)
             order by id limit $3""",  # noqa: S608  # constant pieces; values are parameters
        cursor,
        reason,
        limit,
        settled,
    )
    return {
        "items": [dict(row) for row in rows],
        "next": str(rows[-1]["id"]) if len(rows) == limit else None,
    }


@router.get("/held-events/{held_id}", summary="One held event, without its content")
async def show(_: Operator, context: Opened, held_id: HeldId) -> dict[str, Any]:
    return dict(await _held(context, held_id))


@router.post("/held-events/{held_id}/retry", summary="Replay the key of this event now; a dry run first")
async def retry(who: Operator, context: Opened, request: Request, held_id: HeldId, order: Retry) -> dict[str, Any]:
    row = await _held(context, held_id)
    replayed = Replayed(0, 0)
    try:
        async with context.database.unit_of_work() as uow:
            replayed = await _retrier(request).retry(uow, row["topic"], row["key"], who.sub)
            if order.dry_run:
                raise Undo
    except Undo:
        pass
    in_the_way = replayed.in_the_way
    log.info("held events retried", held_id=held_id, by=who.sub, dry_run=order.dry_run, left=replayed.left)
    return {
        "dry_run": order.dry_run,
        "key": row["key"],
        "replayed": replayed.done,
        "left": replayed.left,
        "in_the_way": in_the_way and {"id": replayed.head, "reason": in_the_way.reason, "detail": in_the_way.detail},
    }


@router.post("/held-events/{held_id}/discard", summary="Give up this event; what waits behind it goes on")
async def discard(who: Operator, context: Opened, request: Request, held_id: HeldId, order: Discard) -> dict[str, Any]:
    row = await _held(context, held_id)
    if not row["is_head"]:
        raise HeldEventIsNotHead
    if not order.dry_run:
        async with context.database.unit_of_work() as uow:
            await _retrier(request).discard(uow, held_id, row["topic"], row["key"], who.sub, order.reason)
    log.info("held event discarded", held_id=held_id, by=who.sub, dry_run=order.dry_run)
    return {"dry_run": order.dry_run, "key": row["key"], "discarded": not order.dry_run, "followers": row["followers"]}


async def _held(context: Context, held_id: int) -> Any:
    row = await context.database.fetchrow(
        f"""select {_SHOWN}, {_BEFORE} = 0 as is_head, {_BEHIND} as followers
              from held_events h left join held_keys k using (topic, key) {FIRST}
             where id = $1 and settled_at is null""",  # noqa: S608  # constant pieces; values are parameters
        held_id,
    )
    if row is None:
        raise HeldEventUnknown
    return row


_OTHERS = "select count(*) from held_events m where m.topic = h.topic and m.key = h.key and m.settled_at is null"
_BEFORE = f"({_OTHERS} and {turn('m')} < {turn('h')})"
_BEHIND = f"({_OTHERS} and {turn('m')} > {turn('h')})"
_SHOWN = """id, topic, key, partition, kafka_offset, version, event_id, event_type, correlation_id, reason, detail,
attempts, held_at, k.retry_at"""
