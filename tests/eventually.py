"""Waiting for a fact instead of for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(probe: Callable[[], Awaitable[T]], within: float, every: float = 0.05) -> T:
    """Asks `probe` until it answers something true without AssertionError; fails after `within` seconds."""
    until = time.monotonic() + within
    last: object = None
    while True:
        try:
            answer = await probe()
            if answer:
                return answer
            last = answer
        except AssertionError as error:
            last = error
        if time.monotonic() > until:
            raise AssertionError(f"not within {within} s; last: {last!r}")
        await asyncio.sleep(every)
