"""The clients that are created in a run: the same content over HTTP, bare or ours, and as upstream's events."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson

from bench.events import Message
from chassis.ids import uuid7
from schemas.envelope import CONTENT_TYPE
from tests.system.test_road import request

LANES = 8
REQUESTS = "onboarding-requests"
SOURCE = "/upstream/demo"
TYPE = "se.aktivera.onboarding.requested.v1"


def requested(number: str) -> Message:
    """An event that asks for a client; its key is the request's id, as its answer's is."""
    event_id = str(uuid7())
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": TYPE,
        "time": "2026-03-02T08:15:30.123456Z",
        "datacontenttype": "application/json",
        "data": {"agency": "byra-ett", **request(number)},
    }
    return Message(event_id.encode(), orjson.dumps(envelope), (("content-type", CONTENT_TYPE.encode()),))


async def post_all(
    port: int, headers: Mapping[str, str], numbers: Iterator[str], lanes: int, *, seconds: float = 0, count: int = 0
) -> list[float]:
    """Creates clients over kept connections for so many seconds, or so many; answers how long each one took."""
    took: list[float] = []
    until = time.perf_counter() + (seconds or 3600)
    shared = iter(numbers) if not count else iter([next(numbers) for _ in range(count)])
    await asyncio.gather(*(_lane(port, headers, shared, until, took) for _ in range(lanes)))
    return took


async def _lane(port: int, headers: Mapping[str, str], numbers: Iterable[str], until: float, took: list[float]) -> None:
    async with lane(port, headers) as create:
        for number in numbers:
            started = time.perf_counter()
            await create(request(number))
            took.append(time.perf_counter() - started)
            if time.perf_counter() > until:
                break


@asynccontextmanager
async def lane(port: int, headers: Mapping[str, str]) -> AsyncIterator[Callable[[Any], Awaitable[dict[str, Any]]]]:
    """A kept connection, over which one client after the other is created: what it gives takes a body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST /v1/clients HTTP/1.1\r\nHost: onboarding\r\n{lines}Content-Type: application/json\r\n"

    async def create(content: Any) -> dict[str, Any]:
        body = orjson.dumps(content)
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields: dict[str, Any] = dict(line.lower().split(": ", 1) for line in answer.split("\r\n")[1:] if ": " in line)
        said = await reader.readexactly(int(fields["content-length"]))
        assert answer.split()[1] == "201", said
        found: dict[str, Any] = orjson.loads(said)
        return found

    yield create
    writer.close()
