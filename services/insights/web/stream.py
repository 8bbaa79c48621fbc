"""The stream of statistics: server-sent events, each the whole answer, when something changed."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

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
"""Then it ends, or when its token does, and whoever goes on listening shows a token again."""
GRACE_SECONDS = 15.0
"""So long after its end a listener may take to read what is left."""
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
    seconds = min(STREAM_SECONDS, max(0.0, who.until - kept.clock().timestamp()))
    return _Stream((who.agency, who.sub), _events(context, kept, window, agency, seconds), seconds)


class _Stream(StreamingResponse):
    """Has a seat while it is sent, and gives it back however it ends: a listener who does not read keeps none."""

    def __init__(self, person: tuple[str, str], events: AsyncGenerator[bytes, None], seconds: float) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._person, self._events, self._seconds = person, events, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with _seat(self._person):
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        with suppress(TimeoutError):
            async with aclosing(self._events), asyncio.timeout(self._seconds + GRACE_SECONDS):
                await super().stream_response(send)


@contextmanager
def _seat(person: tuple[str, str]) -> Iterator[None]:
    """One of the streams that there may be at once. Raises NotNow where they are all taken."""
    if _open.total() >= STREAMS_AT_ONCE or _open[person] >= STREAMS_OF_ONE:
        raise NotNow("there are as many streams as there may be")
    _open[person] += 1
    try:
        yield
    finally:
        _open[person] -= 1
        if not _open[person]:
            del _open[person]


async def _events(
    context: StatelessContext, kept: Statistics, window: Window, agency: str | None, seconds: float
) -> AsyncGenerator[bytes, None]:
    """As server-sent events, for so many seconds or until the service stops."""
    yield RETRY
    loop = asyncio.get_running_loop()
    until, spoken, seen = loop.time() + seconds, loop.time(), None
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
            await asyncio.wait_for(context.stop.wait(), min(EVERY_SECONDS, until - loop.time()))
