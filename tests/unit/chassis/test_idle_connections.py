"""PROMISE: a connection that asks for nothing, or reads nothing, is closed: strangers cannot use up a service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from chassis import lifecycle
from tests.eventually import eventually

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def _brief(_scope: object, _receive: object, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Our server with that app, at the port that is answered."""
    config = uvicorn.Config(app, port=0, http=lifecycle.Impatient, lifespan="off", log_config=None, loop="none")
    server = lifecycle._Server(config)
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, within=20)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await asyncio.wait_for(task, 10)


async def test_a_connection_without_a_request_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "HEAD_SECONDS", 1.0)
    async with serving(_brief) as port:
        silent, writer = await asyncio.open_connection("127.0.0.1", port)
        asking, asker = await asyncio.open_connection("127.0.0.1", port)
        asker.write(REQUEST)
        assert (await asyncio.wait_for(asking.readline(), 10)).startswith(b"HTTP/1.1 200")
        assert await asyncio.wait_for(silent.read(), 10) == b""
        for each in (writer, asker):
            each.close()
            with contextlib.suppress(ConnectionError):
                await each.wait_closed()


async def test_a_connection_whose_answer_nobody_reads_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without end stands for a large one: who is sent it waits for the connection's buffer, not for ever."""
    monkeypatch.setattr(lifecycle, "READ_SECONDS", 1.0)
    ended = asyncio.Event()

    async def endless(_scope: object, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        gone = asyncio.create_task(receive())
        while not gone.done():
            await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
            await asyncio.sleep(0)
        assert gone.result() == {"type": "http.disconnect"}
        ended.set()

    async with serving(endless) as port:
        deaf, asker = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        asker.write(REQUEST)
        assert (await deaf.readline()).startswith(b"HTTP/1.1 200")
        await asyncio.wait_for(ended.wait(), 30)
        asker.transport.abort()
