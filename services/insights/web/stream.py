"""The stream of statistics: server-sent events, each the whole answer, when something changed."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from chassis.callers import Who
from chassis.streams import HEARTBEAT, HEARTBEAT_SECONDS, EventStream, Person, event, retry
from services.insights.counting import Statistics
from services.insights.domain.windows import SECONDS, Window
from services.insights.web.shown import Kept, Opened, Whose, answer

router = APIRouter(prefix="/v1/statistics", tags=["statistics"])

AT_ONCE = 100
EVERY_SECONDS = 1.0
PERIOD = timedelta(hours=24)


@router.get(
    "/stream",
    summary="The last 24 hours, and again when they changed: at most once a second, rarer where many watch",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "events `statistics` with the answer"}},
)
async def stream_statistics(
    who: Who, context: Opened, kept: Kept, agency: Whose, window: Annotated[Window, Query()] = "hour"
) -> EventStream:
    return EventStream(context, who, _events(kept, (who.agency, who.sub), window, agency), AT_ONCE)


async def _events(kept: Statistics, person: Person, window: Window, agency: str | None) -> AsyncGenerator[bytes, None]:
    yield retry()
    loop = asyncio.get_running_loop()
    spoken, seen = loop.time(), None
    while True:
        now = kept.clock()
        left = now.timestamp() // SECONDS[window]  # another one whenever a window leaves the period
        known = (kept.windows.state(agency), kept.complete, kept.late, left)
        if known != seen and kept.stream_paces.left_seconds(person) <= 0:
            told = kept.stream_paces.take(person, partial(_told, kept, window, now, agency))
            yield event("statistics", told.encode())
            seen, spoken = known, loop.time()
        elif loop.time() - spoken >= HEARTBEAT_SECONDS:
            yield HEARTBEAT
            spoken = loop.time()
        await asyncio.sleep(EVERY_SECONDS)


def _told(kept: Statistics, window: Window, now: datetime, agency: str | None) -> str:
    return answer(kept, window, now - PERIOD, now, agency).model_dump_json()
