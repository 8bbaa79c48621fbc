"""Does what several ask for together: one transaction for all that came while the last one ran."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, TypeVar

from chassis.failures import is_transient

MOST_AT_ONCE = 64
AT_A_TIME = 2  # while one waits for the disk the next is written
COMMIT_SECONDS = 60.0  # longer than Postgres lets a transaction idle; all workers wait for this one

Step = TypeVar("Step")


class Together(Generic[Step]):
    """Steps of one kind. `commit` takes some in one transaction, and answers those that took effect."""

    def __init__(
        self,
        name: str,
        commit: Callable[[Sequence[Step]], Awaitable[Collection[Step]]],
        within_seconds: float = COMMIT_SECONDS,
    ) -> None:
        self._name = name
        self._commit = commit
        self._within = within_seconds
        self._waiting: list[tuple[Step, asyncio.Future[bool]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def take(self, step: Step) -> bool:
        """Whether it took effect, once that is committed. Raises what `commit` raises, TimeoutError where it hangs."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((step, future))
        # Who has ended just now is still there; a step that counted on it would wait for the next one, or for ever.
        if sum(not each.done() for each in self._running) < AT_A_TIME:
            task = asyncio.create_task(self._run(), name=self._name)
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await future

    def is_running(self) -> bool:
        """Whether whoever calls this is called by `commit`."""
        return asyncio.current_task() in self._running

    async def finish(self) -> None:
        """Waits for what is under way."""
        while self._running:
            await asyncio.wait(self._running)

    async def _run(self) -> None:
        while self._waiting:
            steps, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                await self._all_or_each(steps)
            except BaseException:
                _fail(steps, ConnectionError("the workers were stopped"))
                raise

    async def _all_or_each(self, steps: Sequence[tuple[Step, asyncio.Future[bool]]]) -> None:
        try:
            async with asyncio.timeout(self._within):
                effective = await self._commit([step for step, _ in steps])
        except Exception as error:
            if is_transient(error) or len(steps) == 1:
                _fail(steps, error)
                return
            for each in steps:  # one mail's bug is not the others'
                await self._all_or_each([each])
            return
        for step, future in steps:
            if not future.done():
                future.set_result(step in effective)


def _fail(steps: Sequence[tuple[Step, asyncio.Future[bool]]], error: Exception) -> None:
    for _, future in steps:
        if not future.done():
            future.set_exception(error)
