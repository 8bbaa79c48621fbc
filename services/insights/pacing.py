"""How soon somebody is answered again: who asks for much waits, since what answers take is taken from the counting."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from chassis.streams import Person
from schemas.errors import Refused

SHARE = 0.2
"""Of the process's time, for all answers together, and as much for all streams: the more and the dearer, the rarer."""
AT_ONCE = 5
"""Requests of one caller that may wait."""


class TooManyWait(Refused):
    """As many of the caller's requests wait as may."""

    code = "rate_limited"


class Paces:
    """When each caller's last answer is paid for, also where the stream that told it has ended."""

    def __init__(self) -> None:
        self._due: dict[Person, float] = {}
        self.waiting: Counter[Person] = Counter()

    async def made(self, whose: Person, make: Callable[[], str]) -> str:
        """What `make` makes, once it is the caller's turn. Raises TooManyWait."""
        if self.waiting[whose] >= AT_ONCE:
            raise TooManyWait(retry_after_seconds=1)
        self.waiting[whose] += 1
        try:
            while (left := self.left_seconds(whose)) > 0:  # noqa: ASYNC110  # others move it on meanwhile
                await asyncio.sleep(left)
        finally:
            self.waiting -= Counter([whose])
        return self.take(whose, make)

    def left_seconds(self, whose: Person) -> float:
        """Until the caller's turn; 0 or less: it has come."""
        return self._due.get(whose, 0.0) - asyncio.get_running_loop().time()

    def take(self, whose: Person, make: Callable[[], str]) -> str:
        """What `make` makes, at once, whosever turn it is."""
        begun = time.thread_time()  # and not what others took of the processor meanwhile
        made = make()
        took, now = time.thread_time() - begun, asyncio.get_running_loop().time()
        self._due = {each: due for each, due in self._due.items() if due > now}
        self._due[whose] = now + took * (len(self._due) + 1) / SHARE
        return made
