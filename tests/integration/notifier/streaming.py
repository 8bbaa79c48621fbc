"""A server of the notifier's routes in the test's own process, and readers of its streams over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from aktivera.local.ports import LOOPBACK
from chassis.app import create_app
from chassis.lifecycle import http_server
from chassis.service import Context
from services.notifier.listening import hear_pokes
from tests.eventually import eventually
from tests.integration.in_process import with_document

PATH = "/v1/notifications/stream"
RECEIVE_BYTES = 4096
"""What the kernel takes for a reader who does not read."""


@asynccontextmanager
async def served(context: Context, *, hearing: bool = True) -> AsyncIterator[int]:
    """The port; ends as a process does. `hearing`: pokes too, all that come from now on."""
    before = await _listeners(context)
    server = http_server(with_document(create_app(context), context.service), context.settings)
    tasks = [asyncio.ensure_future(server.serve())]
    if hearing:
        tasks.append(asyncio.ensure_future(hear_pokes(context)))

    async def started() -> bool:
        for task in tasks:
            assert not task.done(), task.exception()
        return bool(server.started) and (not hearing or await _listeners(context) > before)

    try:
        await eventually(started, within=10)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        context.stop.set()
        server.should_exit = True
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # all of them: the server has a socket to close
        context.stop.clear()


async def _listeners(context: Context) -> int:
    """Connections that hear pokes in this database."""
    query = "select from pg_stat_activity where datname = current_database() and query ilike 'listen %'"
    return len(await context.database.fetch(query))


@dataclass
class Reader:
    """One stream as its reader sees it. `numbers` are those of its new items, in the order of their coming."""

    headers: Mapping[str, str]
    status: int = 0
    head: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    events: list[tuple[str, Any]] = field(default_factory=list)
    comments: int = 0
    retry: int = 0
    last_id: str | None = None
    ended: bool = False
    connections: int = 0
    _writer: asyncio.StreamWriter | None = None
    _reading: "asyncio.Future[None] | None" = None

    @property
    def numbers(self) -> list[int]:
        return [data["seq"] for name, data in self.events if name == "item"]

    @property
    def badge(self) -> dict[str, int]:
        """The last counts. Raises AssertionError before the first."""
        counts: list[dict[str, int]] = self.of("counts")
        assert counts, "no counts yet"
        return counts[-1]

    def of(self, name: str) -> list[Any]:
        return [data for each, data in self.events if each == name]

    async def open(self, port: int, query: str = "", *, read: bool = True) -> "Reader":
        """Comes (again, with the last id); `read`: goes on reading."""
        await self.cut()
        sock = socket.socket()
        if not read:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (LOOPBACK, port))
        except OSError:
            sock.close()
            raise
        reader, self._writer = await asyncio.open_connection(sock=sock, limit=1024 if not read else 2**16)
        again = {} if self.last_id is None else {"Last-Event-ID": self.last_id}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**self.headers, **again}.items())
        self._writer.write(f"GET {PATH}{query} HTTP/1.1\r\nHost: notifier\r\n{lines}\r\n".encode())
        self.connections += 1
        self.ended = False
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.head = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        if "content-length" in self.head:
            self.body = await reader.readexactly(int(self.head["content-length"]))
        elif read:
            self._reading = asyncio.ensure_future(self._read(reader))
        return self

    async def _read(self, reader: asyncio.StreamReader) -> None:
        left = b""
        try:
            while size := int(await reader.readline() or b"0", 16):
                left += await reader.readexactly(size)
                await reader.readexactly(2)
                *frames, left = left.split(b"\n\n")
                for frame in frames:
                    self._take(frame.decode())
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.ended = True
            assert self._writer is not None
            self._writer.close()

    def _take(self, frame: str) -> None:
        fields = dict(line.split(": ", 1) for line in frame.split("\n") if not line.startswith(":"))
        self.comments += frame.startswith(":")
        self.retry = int(fields.get("retry", self.retry))
        self.last_id = fields.get("id", self.last_id)
        if "event" in fields:
            self.events.append((fields["event"], orjson.loads(fields["data"])))

    async def has(self, **counts: int) -> None:
        """Waits until there are so many events of each name."""

        async def probe() -> bool:
            got = {name: len(self.of(name)) for name in counts}
            assert all(got[name] >= wanted for name, wanted in counts.items()), (got, counts)
            return True

        await eventually(probe, within=15)

    async def ends(self, within: float = 10) -> None:
        async def probe() -> bool:
            return self.ended

        await eventually(probe, within=within)

    async def finished(self) -> None:
        """Waits until the stream has ended, where it began."""
        if self._reading is not None and self.status == 200:
            await self._reading

    async def cut(self) -> None:
        """The connection is gone without a word from either side."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        if self._writer is not None:
            self._writer.transport.abort()
