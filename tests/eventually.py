"""Waiting for a fact instead of for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

T = TypeVar("T")
NO_ANSWER = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)


async def eventually(probe: Callable[[], Awaitable[T]], within: float, every: float = 0.05) -> T:
    """Asks `probe` until it answers something true, fails after `within` seconds.

    AssertionError is an answer that is not true yet, and so is a service that does not answer (in time, or to the end).
    """
    until = time.monotonic() + within
    last: object = None
    while True:
        try:
            answer = await probe()
            if answer:
                return answer
            last = answer
        except (AssertionError, *NO_ANSWER) as error:
            last = error
        if time.monotonic() > until:
            raise AssertionError(f"not within {within} s; last: {last!r}")
        await asyncio.sleep(every)
