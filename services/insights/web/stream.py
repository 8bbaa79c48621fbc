"""The stream of statistics: server-sent events, each the whole answer, when something changed."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from chassis.callers import Who
from chassis.failures import NotNow
from chassis.stateless import StatelessContext
from services.insights.counting import Statistics
from services.insights.domain.windows import Window
from services.insights.web.shown import Kept, Opened, Whose, answer

router = APIRouter(prefix="/v1/statistics", tags=["statistics"])

STREAMS_AT_ONCE, STREAMS_OF_ONE = 100, 5
EVERY_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS = 900.0
"""Then it ends, and whoever goes on listening shows a token again."""
RETRY = b"retry: 3000\n\n"
HEARTBEAT = b": all is well\n\n"
PERIOD = timedelta(hours=24)

_open: Counter[tuple[str, str]] = Counter()


@router.get(
    "/stream",
    summary="The last 24 hours, again whenever something changed, at most once a second",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "events `statistics` with the answer"}},
)
async def stream_statistics(
    who: Who, context: Opened, kept: Kept, agency: Whose, window: Annotated[Window, Query()] = "hour"
) -> StreamingResponse:
    person = (who.agency, who.sub)
    if _open.total() >= STREAMS_AT_ONCE or _open[person] >= STREAMS_OF_ONE:
        raise NotNow("there are as many streams as there may be")
    events = _counted(person, _events(context, kept, window, agency))
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _counted(person: tuple[str, str], events: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    _open[person] += 1
    try:
        async for each in events:
            yield each
    finally:
        _open[person] -= 1
        if not _open[person]:
            del _open[person]


async def _events(
    context: StatelessContext, kept: Statistics, window: Window, agency: str | None
) -> AsyncGenerator[bytes, None]:
    yield RETRY
    loop = asyncio.get_running_loop()
    until, spoken, seen = loop.time() + STREAM_SECONDS, loop.time(), None
    while loop.time() < until and not context.stop.is_set():
        known = (kept.windows.changes, kept.complete)
        if known != seen:
            now = kept.clock()
            told = answer(kept, window, now - PERIOD, now, agency).model_dump_json()
            yield b"event: statistics\ndata: " + told.encode() + b"\n\n"
            seen, spoken = known, loop.time()
        elif loop.time() - spoken >= HEARTBEAT_SECONDS:
            yield HEARTBEAT
            spoken = loop.time()
        with suppress(TimeoutError):
            await asyncio.wait_for(context.stop.wait(), EVERY_SECONDS)
