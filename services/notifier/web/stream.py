"""The stream of the bell: server-sent events of what is new and what reads otherwise now, with the badge's counts."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from chassis import metrics
from chassis.callers import Opened, Who
from chassis.db import Database
from chassis.failures import is_transient
from chassis.streams import HEARTBEAT, HEARTBEAT_SECONDS, EventStream, came, event, retry
from chassis.tokens import Caller
from services.notifier.domain.bell_texts import language
from services.notifier.listening import Ear
from services.notifier.store import inbox
from services.notifier.store.pokes import GONE, MANY
from services.notifier.web.items import item
from services.notifier.web.notifications import Counts, Seq

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])

AT_ONCE = 2000
FAR = 200
AGAIN_SECONDS = 1.0
LOOKS_AT_ONCE = 3
"""Of a process's connections to Postgres; the others are for events, mails and people."""

EVENTS = """\
`item`: a new item, as in the list; its `id` is its `seq`. `changed`: an item reads otherwise now, here or in another
tab. `counts`: the badge, after each of them and at the beginning. `resync`: read the first page anew, since more has
changed than is told one by one. `gone`: you have left the agency, and need not come again. Comments in between keep the
way open. The stream ends after 15 minutes, with the token, and when the service stops: come again with `Last-Event-ID`,
as browsers do."""

NEVER = b"retry: 86400000\n" + event("gone", b"{}")
"""To whoever came after they had left."""

_looks = asyncio.Semaphore(LOOKS_AT_ONCE)


@router.get(
    "/stream",
    summary="The caller's bell as it changes",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": EVENTS}},
)
async def stream_notifications(
    who: Who,
    context: Opened,
    last_event_id: Annotated[Seq | None, Header(alias="Last-Event-ID", description="goes before `after`")] = None,
    after: Annotated[Seq | None, Query(description="the newest `seq` that is shown; without: from now on")] = None,
) -> EventStream:
    telling = Telling(context.database, who)
    events = telling.events(after if last_event_id is None else last_event_id, again=last_event_id is not None)
    return EventStream(context, who, events, AT_ONCE, telling.ear)


@dataclass
class Telling:
    """One stream, from the table alone: pokes say when to look. `begun`: it was looked at, for whoever has not left."""

    database: Database
    who: Caller
    ear: Ear = field(default_factory=Ear)
    begun: bool = False

    async def events(self, after: int | None, *, again: bool) -> AsyncGenerator[bytes, None]:
        """Until the user has left. The first line asks the table nothing, so that a thousand may come at once."""
        yield retry()
        self.ear.heard.set()
        while not self.ear.gone:
            if not await came(self.ear.heard, HEARTBEAT_SECONDS):
                yield HEARTBEAT
                continue
            looking = asyncio.ensure_future(self._looked(after, again=again))
            try:
                while not (await asyncio.wait([looking], timeout=HEARTBEAT_SECONDS))[0]:
                    yield HEARTBEAT  # others look first, or Postgres is away
                told = looking.result()
            finally:
                looking.cancel()
            for each in told:
                yield each
        if not self.begun:
            yield NEVER

    async def _looked(self, after: int | None, *, again: bool) -> list[bytes]:
        """What is to be told, as soon as the table can be looked at."""
        while True:
            try:
                async with _looks:
                    self.begun = self.begun or await self._begin(after, again=again)
                    return [] if self.ear.gone else await self._look()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("a stream cannot look", error=type(error).__name__)
                self.ear.poke(MANY)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _begin(self, after: int | None, *, again: bool) -> bool:
        last, has_left = await self._standing()
        if has_left:
            self.ear.poke(GONE)
            return False
        self.ear.begin(last if after is None else after, again=again)
        if after is not None and after > last:  # of another database, or made up
            self.ear.begin(last)
            self.ear.poke(MANY)
        return True

    async def _standing(self) -> tuple[int, bool]:
        person = (self.who.agency, self.who.sub)
        return (await inbox.standing(self.database, [person]))[person]

    async def _look(self) -> list[bytes]:
        anew, changed = self.ear.take()
        where = (self.database, self.who.agency, self.who.sub)
        new = await inbox.since(*where, self.ear.position, FAR + 1)
        position = new[-1]["seq"] if new else self.ear.position
        if len(new) > FAR:
            anew, new, (position, _) = True, [], await self._standing()
        old = await inbox.numbered(*where, changed) if changed and not anew else []
        counts = Counts(**await inbox.count(*where))
        told = [self._told("item", row, row["seq"]) for row in new]
        told += [self._told("changed", row, position) for row in old]
        if anew:
            metrics.STREAM_RESYNCS.inc()
            told.append(event("resync", b"{}", position))
        self.ear.looked(position)
        return [*told, event("counts", counts.model_dump_json().encode(), position)]

    def _told(self, name: str, row: Any, number: int) -> bytes:
        shown = item(row, self.database.clock(), language(self.who.locale))
        return event(name, shown.model_dump_json().encode(), number)
