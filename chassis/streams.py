"""Streams of server-sent events: how many there may be, when each ends, and how one that nobody reads is cut."""

import asyncio
import random
import socket
from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from chassis import metrics
from chassis.clock import system_clock
from chassis.failures import NotNow
from chassis.tokens import Caller
from schemas.errors import Refused

log = structlog.get_logger(__name__)

TRANSPORT = "aktivera.transport"
"""The extension of a request's scope that holds its connection."""

CONTENT_TYPE = "text/event-stream"
OF_ONE = 5
STREAM_SECONDS = 900.0
"""Then it ends, and whoever goes on listening shows a token again."""
HEARTBEAT_SECONDS = 15.0
SEND_SECONDS = 10.0
END_SECONDS = 1.0
DEAD_SECONDS = 30.0
KERNEL_BYTES = 32 * 1024
"""What the kernel keeps for a reader who does not read; beside it at most 64 KiB and one event wait in the process."""
RETRY_SECONDS = (3.0, 6.0)
HEARTBEAT = b": all is well\n\n"

Person = tuple[str, str]
"""(agency, sub)"""


class TooManyStreams(Refused):
    """The caller has as many streams open as one may have."""

    code = "too_many_streams"


class Streams:
    """The open streams of a process, by whose they are, each with what its route keeps for it."""

    def __init__(self) -> None:
        self._open: dict[Person, list[Any]] = {}
        self.count = 0

    @contextmanager
    def opened(self, person: Person, at_once: int, kept: Any = None) -> Iterator[None]:
        """One more, while the block lasts. Raises TooManyStreams; NotNow where `at_once` are open, whoever's."""
        if self.count >= at_once:
            raise NotNow("there are as many streams as there may be")
        theirs = self._open.get(person, [])
        if len(theirs) >= OF_ONE:
            raise TooManyStreams(largest=OF_ONE)
        self._open[person] = theirs
        theirs.append(kept)
        self.count += 1
        metrics.STREAMS.inc()
        try:
            yield
        finally:
            theirs.remove(kept)
            self.count -= 1
            metrics.STREAMS.dec()
            if not theirs:
                del self._open[person]

    @property
    def people(self) -> Collection[Person]:
        """Those who have any."""
        return self._open.keys()

    def of(self, person: Person) -> Collection[Any]:
        """What is kept for each stream of a person."""
        return self._open.get(person, ())


class Served(Protocol):
    """What is open where a stream is served. `stop` is set when the process is told to end."""

    @property
    def streams(self) -> Streams: ...
    @property
    def stop(self) -> asyncio.Event: ...


def retry() -> bytes:
    """The first line: how long to wait before coming again; each waits otherwise, since a restart ends all at once."""
    return b"retry: %d\n\n" % (1000 * random.uniform(*RETRY_SECONDS))


def event(name: str, data: bytes, number: int | None = None) -> bytes:
    """One event; `data` is of one line. `number` is what the reader names when it comes again (`Last-Event-ID`)."""
    id_ = b"" if number is None else b"id: %d\n" % number
    return b"%sevent: %s\ndata: %s\n\n" % (id_, name.encode(), data)


async def came(what: asyncio.Event, within_seconds: float) -> bool:
    """Whether it has come within that time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            await what.wait()
    return what.is_set()


class EventStream(StreamingResponse):
    """Sends what `events` gives, until they end, the reader hangs up or does not read for 10 seconds, the token ends,
    15 minutes are over or the process stops. Refused as `Streams.opened` says.
    """

    media_type = CONTENT_TYPE

    def __init__(
        self, served: Served, who: Caller, events: AsyncGenerator[bytes, None], at_once: int, kept: Any = None
    ) -> None:
        super().__init__(
            events, headers={"Cache-Control": "no-store", "Connection": "close", "X-Accel-Buffering": "no"}
        )
        self._served, self._who, self._events = served, who, events
        self._at_once, self._kept = at_once, kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._served.streams.opened((self._who.agency, self._who.sub), self._at_once, self._kept):
            connection = (scope.get("extensions") or {}).get(TRANSPORT, {}).get("transport")
            _bound(connection)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            read = await self._until_an_end(receive, send)
            if read:
                read = await _sent(send, b"", END_SECONDS, more=False)
            if not read and connection is not None:
                connection.abort()
                with suppress(TimeoutError):
                    async with asyncio.timeout(END_SECONDS):
                        await _hung_up(receive)

    async def _until_an_end(self, receive: Receive, send: Send) -> bool:
        """Whether what was sent has been read."""
        telling = asyncio.ensure_future(self._tell(send))
        ends = [telling, asyncio.ensure_future(_hung_up(receive)), asyncio.ensure_future(self._served.stop.wait())]
        left = min(STREAM_SECONDS, self._who.until - system_clock().timestamp())
        try:
            await asyncio.wait(ends, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ends:
                each.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            await self._events.aclose()
        return telling.cancelled() or telling.result()

    async def _tell(self, send: Send) -> bool:
        try:
            async for each in self._events:
                if not await _sent(send, each, SEND_SECONDS):
                    log.info("a stream is cut: nobody reads it")
                    return False
        except Exception as error:
            log.error("a stream ends", error=type(error).__name__, exc_info=error)
        return True


async def _sent(send: Send, chunk: bytes, within_seconds: float, *, more: bool = True) -> bool:
    try:
        async with asyncio.timeout(within_seconds):
            await send({"type": "http.response.body", "body": chunk, "more_body": more})
    except TimeoutError:
        return False
    return True


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _bound(connection: Any) -> None:
    """Whoever is gone without a word is noticed, and whoever does not read has little kept for them."""
    sock = None if connection is None else connection.get_extra_info("socket")
    if sock is None:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; elsewhere the kernel's own patience
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * DEAD_SECONDS))
