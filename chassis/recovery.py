"""The operator's routes for getting whole again: announce, what owners and readers know, offsets that do not fit."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from chassis import announce, offset_acceptance, projections
from chassis.announce import Announcer, Order
from chassis.callers import Opened
from chassis.operations import Operator, Plain
from chassis.projections import Projection
from chassis.service import Context
from schemas.errors import Refused

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/operations", tags=["operations"])

MOST = 2000
Id = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Query(ge=1, le=5000)]


class NothingOfThatName(Refused):
    """This service has no such kind, projection or topic; the fact `there_are` names those that it has."""

    code = "not_found"


class Announcement(BaseModel):
    """What to announce. `raise_versions`: after a restore, so that no version is said twice."""

    aggregates: Literal["all"] | Annotated[list[Id], Field(max_length=MOST)]
    kind: Id | None = None
    raise_versions: bool = False
    dry_run: bool = True


class Forgetting(BaseModel):
    """What to forget of a projection: all its rows, or of some ids alone that they were heard of."""

    ids: Literal["all"] | Annotated[list[Id], Field(max_length=MOST)]
    dry_run: bool = True


class Acceptance(BaseModel):
    """Where reading shall go on although the log is not what it was, and why."""

    topic: Id
    partition: Annotated[int, Field(ge=0)] | None = None
    reason: str = Field(min_length=3, max_length=500, pattern=r"^[^\x00]*$")
    dry_run: bool = True


@router.get("/aggregates/{kind}", summary="What this service owns of a kind: ids and versions, in order")
async def aggregates(_: Operator, context: Opened, kind: str, after: Plain = "", limit: Limit = 1000) -> dict[str, Any]:
    found = await _announcer(context, kind).page(context.database, after, limit)
    return {"items": [asdict(each) for each in found], "next": found[-1].id if len(found) == limit else None}


@router.get("/projections/{name}", summary="What this service keeps of another's aggregates, in order of ids")
async def kept(_: Operator, context: Opened, name: str, after: Plain = "", limit: Limit = 1000) -> dict[str, Any]:
    projection = _projection(context, name)
    topic = context.common.topic_prefix + projection.topic
    items = await projections.page(context.database, projection, after, limit)
    waits = await projections.waiting(context.database, topic) if not after else []
    return {"items": items, "waiting": waits, "next": items[-1]["id"] if len(items) == limit else None}


@router.post("/projections/{name}/forget", summary="Forget what was heard, so that an announcement is news")
async def forget(who: Operator, context: Opened, name: str, order: Forgetting) -> dict[str, Any]:
    projection = _projection(context, name)
    if order.ids == "all" and projection.clear is None:
        raise NothingOfThatName(there_are=[each.name for each in context.service.projections if each.clear])
    async with context.database.unit_of_work() as uow:
        if order.dry_run:
            forgotten = len(order.ids) if order.ids != "all" else await projections.size(uow.connection, projection)
        elif order.ids == "all":
            forgotten = await projections.clear(uow, projection)
        else:
            forgotten = await projections.forget(uow, projection, order.ids)
    log.info("projection forgotten", projection=name, by=who.sub, dry_run=order.dry_run, aggregates=forgotten)
    return {"dry_run": order.dry_run, "forgotten": forgotten, "owner": projection.owner, "kind": projection.kind}


@router.post("/announce", summary="Say the state of one, some or all aggregates again; a dry run first")
async def announce_aggregates(who: Operator, context: Opened, order: Announcement) -> dict[str, Any]:
    kinds = [_announcer(context, order.kind)] if order.kind else list(context.service.announcers)
    if not kinds:
        raise NothingOfThatName(there_are=[])
    wanted = None if order.aggregates == "all" else tuple(dict.fromkeys(order.aggregates))
    counts: dict[str, int] = {}
    unknown = set(wanted or ())
    async with context.database.unit_of_work() as uow:
        for announcer in kinds:
            found = await announce.count(uow, announcer, wanted)
            counts[announcer.kind] = found if isinstance(found, int) else len(found)
            mine = None if isinstance(found, int) else tuple(found)
            unknown -= set(mine or ())
            if not order.dry_run and counts[announcer.kind]:
                await announce.order(uow, [Order(announcer.kind, mine, order.raise_versions, who.sub)])
    log.info("announcement ordered", by=who.sub, dry_run=order.dry_run, raised=order.raise_versions, **counts)
    return {"dry_run": order.dry_run, "aggregates": counts, "unknown": sorted(unknown)}


@router.get("/announcements", summary="Announcements under way, and the newest that are finished")
async def announcements(_: Operator, context: Opened) -> dict[str, Any]:
    return {"items": [dict(row) for row in await announce.under_way(context.database)]}


@router.get("/offsets", summary="How far each partition is handled, and where our offsets do not fit the log")
async def offsets(_: Operator, context: Opened) -> dict[str, Any]:
    found = await offset_acceptance.standings(context, list(context.subscriptions))
    return {"items": [asdict(each) for each in found]}


@router.post("/offsets/accept", summary="Let reading go on where the log is not what it was; a dry run first")
async def accept_offsets(who: Operator, context: Opened, order: Acceptance) -> dict[str, Any]:
    prefix = context.common.topic_prefix
    topic = order.topic if order.topic.startswith(prefix) else prefix + order.topic
    if topic not in context.subscriptions:
        raise NothingOfThatName(there_are=[each.removeprefix(prefix) for each in context.subscriptions])
    found = await offset_acceptance.standings(context, [topic])
    chosen = [each for each in found if each.fact is not None and order.partition in {None, each.partition}]
    accepted = 0
    if not order.dry_run:
        async with context.database.unit_of_work() as uow:
            for each in chosen:
                accepted += await offset_acceptance.accept(uow, each, who.sub, order.reason)
    log.info("offsets accepted", topic=topic, by=who.sub, dry_run=order.dry_run, partitions=accepted)
    return {
        "dry_run": order.dry_run,
        "items": [asdict(each) for each in chosen],
        "accepted": accepted,
        "owner": context.subscriptions[topic].producer,
        "announced": any(prefix + each.topic == topic for each in context.service.catalogue if each.snapshot),
    }


def _announcer(context: Context, kind: str) -> Announcer:
    for each in context.service.announcers:
        if each.kind == kind:
            return each
    raise NothingOfThatName(there_are=[each.kind for each in context.service.announcers])


def _projection(context: Context, name: str) -> Projection:
    for each in context.service.projections:
        if each.name == name:
            return each
    raise NothingOfThatName(there_are=[each.name for each in context.service.projections])
