"""Virtual time: an event loop that never sleeps, and processes whose every step can be held back or ended."""

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from heapq import heappop, heappush
from typing import Any

LONGEST_STANDSTILL = 200_000  # callbacks without a tick of the clock


class Standstill(Exception):  # named after the fact
    """Nothing is left that could happen, or things happen for ever without time going on."""


class Process:
    """What the steps of one process have in common. Paused: they wait, in order. Dead: what they ask for is void."""

    def __init__(self, loop: "VirtualLoop", name: str) -> None:
        self.name = name
        self.loop = loop
        self.paused = False
        self.paused_at = 0.0
        self.dead = False
        self.tasks: list[asyncio.Task[Any]] = []
        self.fuse = 0
        self.on_fuse: Callable[[], None] | None = None
        self.waiting: list[events.Handle] = []
        self.context = Context()
        self.context.run(PROCESS.set, self)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = self.loop.create_task(work, context=self.context.copy())
        self.tasks.append(task)
        return task

    def pause(self) -> None:
        self.paused = True
        self.paused_at = self.loop.time()

    def silent_since(self, moment: float) -> bool:
        return self.dead or (self.paused and self.paused_at <= moment)

    def resume(self) -> None:
        self.paused = False
        waiting, self.waiting = self.waiting, []
        self.loop._ready.extend(waiting)

    def kill(self) -> None:
        """Its steps see CancelledError, and whatever they still ask for on their way out has no effect."""
        self.dead = True
        self.resume()
        for task in self.tasks:
            task.cancel()

    def alive(self) -> None:
        """Raises CancelledError in a dead process. Counts what a living one does, and burns its fuse."""
        if self.dead:
            raise asyncio.CancelledError
        if self.fuse:
            self.fuse -= 1
            if self.fuse == 0 and self.on_fuse is not None:
                self.loop.call_soon(self.on_fuse, context=SERVER)


PROCESS: "ContextVar[Process | None]" = ContextVar("PROCESS", default=None)
SERVER = Context()
"""Of what happens in no process: at the servers and on the way."""


def current() -> Process:
    """The process that runs. Raises where it is dead."""
    process = PROCESS.get()
    assert process is not None
    process.alive()
    return process


def _run(handle: Any) -> None:
    process = handle._context.get(PROCESS)
    if process is not None and process.paused:
        process.waiting.append(handle)
        return
    try:
        handle._context.run(handle._callback, *handle._args)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        handle._loop.call_exception_handler({"message": "a callback failed", "exception": error, "handle": handle})


class _Handle(events.Handle):
    _run = _run


class _TimerHandle(events.TimerHandle):
    _run = _run


class VirtualLoop(asyncio.BaseEventLoop):
    """The clock jumps to whatever is due next."""

    _ready: "deque[Any]"
    _scheduled: list[Any]

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._since_tick = 0
        self.failures: list[str] = []
        self.set_exception_handler(self._failed)

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]  # the base has no types
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]  # the base has no types
        handle: Any = _TimerHandle(when, callback, args, self, context)
        heappush(self._scheduled, handle)
        handle._scheduled = True
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]  # the base has no types
        return self.call_at(self._now + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: Any) -> None:
        """Cancelled timers stay until they are due."""

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heappop(scheduled)._scheduled = False
        if not ready:
            if not scheduled:
                raise Standstill("nothing is left that could happen")
            if scheduled[0]._when > self._now:
                self._now = scheduled[0]._when
                self._since_tick = 0
        while scheduled and scheduled[0]._when <= self._now:
            handle = heappop(scheduled)
            handle._scheduled = False
            ready.append(handle)
        self._since_tick += len(ready)
        if self._since_tick > LONGEST_STANDSTILL:
            raise Standstill("no end of callbacks at one moment")
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _write_to_self(self) -> None:
        """There is no other thread."""

    def _failed(self, _: Any, about: dict[str, Any]) -> None:
        self.failures.append(f"{about.get('message')}: {about.get('exception')!r}")

    def end(self) -> None:
        """Ends what still runs, all processes being dead, and closes."""
        for task in asyncio.all_tasks(self):
            task.cancel()
        for _ in range(100):
            left = asyncio.all_tasks(self)
            if not left:
                break
            self.run_until_complete(asyncio.wait(left, timeout=1.0))
            for task in left:
                task.cancel()
        assert not asyncio.all_tasks(self), asyncio.all_tasks(self)
        self._ready.clear()
        self._scheduled.clear()
        self.close()


def settle(future: "asyncio.Future[Any]", value: Any) -> None:
    """Answers, unless nobody waits any more."""
    if not future.done():
        future.set_result(value)


def fail(future: "asyncio.Future[Any]", error: BaseException) -> None:
    """Answers with an error, unless nobody waits any more."""
    if not future.done():
        future.set_exception(error)
