"""/health/live: do the loops beat. /health/ready: can work be done. /metrics. The broker's outage changes neither.

`router` is for a service with a database, `bare_router` for one without.
"""

import asyncio
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from chassis import metrics
from chassis.migrate import newest_revisions
from chassis.service import Context, Served

router = APIRouter(tags=["health"])

DATABASE_SECONDS = 3.0
EXPOSITION = "text/plain; version=0.0.4"


@router.get("/health/live", summary="Whether the process works; if not, it should be restarted")
async def live(request: Request) -> JSONResponse:
    served: Served = request.app.state.context
    stuck = served.heartbeats.stuck()
    return JSONResponse({"alive": not stuck, "stuck": stuck}, 503 if stuck else 200)


@router.get("/health/ready", summary="Whether it can take work: database, migrations, and reading not stopped")
async def ready(request: Request) -> JSONResponse:
    context = _context(request)
    reasons: list[str] = []
    looking = asyncio.ensure_future(_missing_migrations(context))
    await asyncio.wait([looking], timeout=DATABASE_SECONDS)
    try:
        if not looking.done():
            looking.cancel()  # not awaited: the driver waits for the server even to give up
            raise TimeoutError
        if looking.result():
            reasons.append("migrations missing: " + ", ".join(looking.result()))
    except Exception as error:
        reasons.append(f"database: {type(error).__name__}")
    stopped = getattr(getattr(request.app.state, "consumer", None), "stopped_by", None)
    if stopped:
        reasons.append(f"reading stopped: {stopped}")
    return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics_page(request: Request) -> Response:
    with suppress(Exception):  # the counters matter most while the database is away
        await _gauge(_context(request))
    return Response(metrics.exposition(), media_type=EXPOSITION)


async def bare_ready() -> JSONResponse:
    return JSONResponse({"ready": True, "reasons": []})


async def bare_metrics() -> Response:
    return Response(metrics.exposition(), media_type=EXPOSITION)


bare_router = APIRouter(tags=["health"])
bare_router.get("/health/live", summary="Whether the process works; if not, it should be restarted")(live)
bare_router.get("/health/ready", summary="Whether it can answer")(bare_ready)
bare_router.get("/metrics", summary="Prometheus metrics", response_class=Response)(bare_metrics)


async def _missing_migrations(context: Context) -> list[str]:
    wanted = newest_revisions(context.service.migrations)
    rows = await context.database.fetch(
        "select version_num from alembic_version_chassis union all select version_num from alembic_version"
    )
    return sorted(wanted - {row["version_num"] for row in rows})


async def _gauge(context: Context) -> None:
    row: Any = await context.database.fetchrow(
        """select (select count(*) from outbox) as outbox,
                  (select extract(epoch from clock_timestamp() - min(created_at)) from outbox) as outbox_age,
                  (select count(*) from held_events where settled_at is null) as held,
                  (select extract(epoch from clock_timestamp() - min(held_at))
                     from held_events where settled_at is null) as held_age"""
    )
    metrics.OUTBOX.set(row["outbox"])
    metrics.OUTBOX_AGE_SECONDS.set(row["outbox_age"] or 0)
    metrics.HELD.set(row["held"])
    metrics.HELD_AGE_SECONDS.set(row["held_age"] or 0)
    if context.service.gauges is not None:
        await context.service.gauges(context.database)


def _context(request: Request) -> Context:
    context = request.app.state.context
    assert isinstance(context, Context)
    return context
