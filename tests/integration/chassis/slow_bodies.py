"""Requests whose bodies begin, and do not end until they are let."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx


class Slow:
    """Bodies that begin and do not end until they are let."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._on = asyncio.Event()
        self._asked = asyncio.Semaphore(0)
        self.read = 0

    async def _body(self) -> AsyncIterator[bytes]:
        self.read += 1
        self._asked.release()
        yield b"{"
        await self._on.wait()
        yield b"}"

    async def begun(self, count: int, headers: dict[str, str]) -> list[asyncio.Task[httpx.Response]]:
        path, kind = "/v1/operations/held-events/1/retry", {"content-type": "application/json"}
        posts = [self._client.post(path, headers=headers | kind, content=self._body()) for _ in range(count)]
        tasks = [asyncio.create_task(each) for each in posts]
        asked = asyncio.create_task(self._asked_for(count))
        waited: list[asyncio.Task[Any]] = [asked, *tasks]
        await asyncio.wait(waited, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        return tasks

    async def _asked_for(self, count: int) -> None:
        for _ in range(count):
            await self._asked.acquire()

    async def ended(self, tasks: list[asyncio.Task[httpx.Response]]) -> set[int]:
        self._on.set()
        return {each.status_code for each in await asyncio.gather(*tasks)}
