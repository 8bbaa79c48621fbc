"""PROMISE: a connection that asks for nothing is closed, so that idle strangers cannot use up a service."""

import asyncio
import contextlib

import pytest
import uvicorn

from chassis import lifecycle
from tests.eventually import eventually


async def _app(_scope: object, _receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]


async def _started(server: uvicorn.Server) -> bool:
    return server.started


async def test_a_connection_without_a_request_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "HEAD_SECONDS", 0.2)
    config = uvicorn.Config(_app, port=0, http=lifecycle.Impatient, lifespan="off", log_config=None, loop="none")
    server = lifecycle._Server(config)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: _started(server), within=5)
    port = server.servers[0].sockets[0].getsockname()[1]
    silent, writer = await asyncio.open_connection("127.0.0.1", port)
    asking, asker = await asyncio.open_connection("127.0.0.1", port)
    asker.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await asyncio.wait_for(asking.readline(), 5)).startswith(b"HTTP/1.1 200")
    assert await asyncio.wait_for(silent.read(), 5) == b""
    for each in (writer, asker):
        each.close()
        with contextlib.suppress(ConnectionError):
            await each.wait_closed()
    server.should_exit = True
    await asyncio.wait_for(serving, 10)
