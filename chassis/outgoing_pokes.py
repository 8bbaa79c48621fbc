"""Pokes that wait to be sent: each says where to look and never what is there, so that losing one costs only time."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

MOST = 20_000


class Pokes:
    """Payloads, each once, the oldest first. Beyond the bound the oldest go: whoever polls makes up for them.

    `channel` is where they go; empty until there is a line.
    """

    def __init__(self) -> None:
        self.channel = ""
        self._waiting: dict[str, None] = {}
        self._come = asyncio.Event()

    def add(self, payloads: Iterable[str]) -> None:
        """Each of them shorter than 8,000 bytes, as Postgres asks."""
        for payload in payloads:
            if len(self._waiting) >= MOST and payload not in self._waiting:
                del self._waiting[next(iter(self._waiting))]
            self._waiting[payload] = None
            self._come.set()

    async def take(self, limit: int, within_seconds: float) -> list[str]:
        """What waits, as soon as anything does; nothing where nothing comes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._come.wait()
        return self.taken(limit)

    def taken(self, limit: int = MOST) -> list[str]:
        """What waits now, which then does not wait any more."""
        taken = list(self._waiting)[:limit]
        for payload in taken:
            del self._waiting[payload]
        if not self._waiting:
            self._come.clear()
        return taken
