"""The operator's routes: how far it has read, what was left out and why; and to have everything read again."""

from typing import Any

import structlog
from fastapi import APIRouter

from chassis.operations import Operator
from services.insights.web.shown import Kept, Opened

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/operations", tags=["operations"])


@router.get("/status", summary="How far it has read, and what was not counted")
async def status(_: Operator, context: Opened, kept: Kept) -> dict[str, Any]:
    outcomes: dict[str, dict[str, int]] = {}
    for (topic, outcome), count in sorted(kept.outcomes.items()):
        outcomes.setdefault(topic.removeprefix(context.common.topic_prefix), {})[outcome] = count
    return {
        "service": context.service.name,
        "stuck": context.heartbeats.stuck(),
        "complete": kept.complete,
        "as_of": kept.as_of,
        "late": kept.late,
        "since": kept.windows.since(kept.clock()),
        "outcomes": outcomes,
    }


@router.post("/rebuild", status_code=202, summary="Throw away what is in memory and read it from the topics again")
async def rebuild(who: Operator, kept: Kept) -> dict[str, Any]:
    kept.throw_away()
    log.info("statistics thrown away", by=who.sub)
    return {"rebuilding": True, "since": kept.windows.since(kept.clock())}
