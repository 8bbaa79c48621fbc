"""Routes on which operators set up upstream sources."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from chassis import kafka
from chassis.callers import Opened, Store, Why
from chassis.commands import Answer, execute, once
from chassis.operations import Operator
from chassis.service import Context
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.errors import Pointed
from services.onboarding.domain.sources import (
    CHANGE_FIELDS,
    SOURCE_FIELDS,
    AddSource,
    ChangeSource,
    SetState,
    Source,
    SourceUnknown,
    TopicsMissing,
    attribute_of,
)
from services.onboarding.domain.unknown_fields import beyond
from services.onboarding.handlers import SOURCES
from services.onboarding.store import agencies, sources
from services.onboarding.store.sources import topics_of
from services.onboarding.web.bodies import Warned
from services.onboarding.web.remarks import Remark, remarked

router = APIRouter(prefix="/v1/sources", tags=["sources"])

Slug = Annotated[str, Path(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])$", description="such as bolagsregistret")]
KAFKA_SECONDS = 5.0


class SourceBody(Warned):
    """How a source shall be. `may`: `requested`, `cancellation`, `licences`; all of them unless it says less."""

    agencies: Any = None
    may: Any = None
    test: Any = None


class SourceChange(Warned):
    """What shall be otherwise; what is not named stays."""

    agencies: Any = None
    may: Any = None


class ActShown(BaseModel):
    """What an operator did with a source."""

    at: datetime
    what: str
    by: str
    detail: dict[str, Any]


class SourceListed(BaseModel):
    """A source. `agencies` is null for the first one, which may send for all; those not registered yet are named."""

    slug: str | None
    source: str
    state: str
    test: bool
    agencies: list[str] | None
    agencies_not_registered: list[str]
    may: list[str]
    requests_topic: str
    results_topic: str
    added_at: datetime


class SourceShown(SourceListed):
    """A source, and what was done with it, the newest first."""

    acts: list[ActShown]


class StoredSource(SourceShown):
    """A source as it was stored, and the fields of what was sent that nobody read."""

    warnings: list[Remark]


class SourcePage(BaseModel):
    """All sources, removed ones too; fifty at most are not removed."""

    items: list[SourceListed]
    next: None = None


@router.get("", summary="All sources, the first one first", response_model=SourcePage)
async def list_sources(_: Operator, store: Store, opened: Opened) -> SourcePage:
    return SourcePage(items=[await _listed(store, opened, each) for each in await sources.all_of(store)])


@router.get("/{slug}", summary="One source, and what was done with it", response_model=SourceShown)
async def show(slug: Slug, _: Operator, store: Store, opened: Opened) -> SourceShown:
    return await _one(store, opened, slug)


@router.put(
    "/{slug}",
    summary="Adds a source whose topics are there; the same again changes nothing",
    responses={201: {"model": StoredSource, "description": "Added"}},
)
async def put(  # a route is made of what it needs
    slug: Slug, body: SourceBody, who: Operator, store: Store, opened: Opened, why: Why, response: Response
) -> StoredSource:
    content = _given(body)
    response.status_code = await _do(store, opened, AddSource(slug, content, who.sub), why)
    return await _stored(store, opened, slug, beyond(content, SOURCE_FIELDS))


@router.patch("/{slug}", summary="Changes what a source may send, and for which agencies")
async def change(slug: Slug, body: SourceChange, who: Operator, store: Store, opened: Opened, why: Why) -> StoredSource:
    content = _given(body)
    await _do(store, opened, ChangeSource(slug, content, who.sub), why)
    return await _stored(store, opened, slug, beyond(content, CHANGE_FIELDS))


@router.post("/{slug}/pause", summary="Reads nothing more of it for now; what it asked before is answered")
async def pause(slug: Slug, who: Operator, store: Store, opened: Opened, why: Why) -> SourceShown:
    await _do(store, opened, SetState(slug, "paused", who.sub), why)
    return await _one(store, opened, slug)


@router.post("/{slug}/resume", summary="Reads it again, from where it was paused")
async def resume(slug: Slug, who: Operator, store: Store, opened: Opened, why: Why) -> SourceShown:
    await _do(store, opened, SetState(slug, "active", who.sub), why)
    return await _one(store, opened, slug)


@router.delete("/{slug}", summary="Reads it no more and tells it nothing more; its clients stay")
async def remove(slug: Slug, who: Operator, store: Store, opened: Opened, why: Why) -> SourceShown:
    await _do(store, opened, SetState(slug, "removed", who.sub), why)
    return await _one(store, opened, slug)


async def _do(store: Store, opened: Context, command: AddSource | ChangeSource | SetState, why: Cause) -> int:
    async def work(uow: UnitOfWork) -> Answer:
        done = await execute(uow, SOURCES, command.slug, command, why)
        before, after = None if done.before is None else done.before.source, done.after.source
        if isinstance(command, AddSource) and before is not None and after is not None and before.state == "removed":
            await sources.begin_anew(uow, opened.common.topic_prefix + topics_of(command.slug)[0])
        if isinstance(command, AddSource) and after != before:
            await _topics_must_be_there(opened, command.slug)
        return Answer(201 if before is None or before.state == "removed" else 200, {})

    return (await once(store, work)).status


async def _topics_must_be_there(opened: Context, slug: str) -> None:
    names = [opened.common.topic_prefix + each for each in topics_of(slug)]
    async with asyncio.timeout(KAFKA_SECONDS):
        there = await kafka.partitions(opened.common, names)
    missing = [each for each in names if not there.get(each)]
    if missing:
        raise TopicsMissing(topics=missing)


async def _one(store: Store, opened: Context, slug: str) -> SourceShown:
    found = [each for each in await sources.all_of(store) if each.source == attribute_of(slug)]
    if not found:
        raise SourceUnknown
    listed = await _listed(store, opened, found[0])
    acts = await sources.acts(store, found[0].source)
    shown = [ActShown(at=at, what=act.what, by=act.by, detail=dict(act.detail)) for at, act in acts]
    return SourceShown(**dict(listed), acts=shown)


async def _stored(store: Store, opened: Context, slug: str, passed_over: Sequence[Pointed]) -> StoredSource:
    return StoredSource(**dict(await _one(store, opened, slug)), warnings=remarked(passed_over))


async def _listed(store: Store, opened: Context, source: Source) -> SourceListed:
    named = sorted(source.agencies or ())
    registered = await agencies.registered(store, named)
    requests, results = topics_of(source.slug)
    assert source.added_at is not None, "stored with it"
    return SourceListed(
        slug=source.slug,
        source=source.source,
        state=source.state,
        test=source.test,
        agencies=None if source.agencies is None else named,
        agencies_not_registered=[each for each in named if each not in registered],
        may=sorted(source.may),
        requests_topic=opened.common.topic_prefix + requests,
        results_topic=opened.common.topic_prefix + results,
        added_at=source.added_at,
    )


def _given(body: Warned) -> dict[str, Any]:
    """What was sent; a null is as if it were not there, but where nobody knows the field."""
    unknown = body.model_extra or {}
    return {name: value for name, value in dict(body).items() if value is not None or name in unknown}
