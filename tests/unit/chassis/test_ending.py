"""What counts as a failure when a service ends."""

import asyncio

from chassis.lifecycle import ended_wrongly

BROKEN = RuntimeError("broken")


async def ended(error: BaseException | None = None) -> "asyncio.Task[None]":
    async def loop() -> None:
        if error is not None:
            raise error

    task = asyncio.create_task(loop())
    await asyncio.wait([task])
    return task


async def test_a_loop_that_ends_as_soon_as_it_is_asked_to_is_no_failure() -> None:
    tasks = {"quick": await ended(), "broken": await ended(BROKEN), "cancelled": await ended(asyncio.CancelledError())}

    assert ended_wrongly(tasks, asked=True) == {"broken": BROKEN}


async def test_a_loop_that_ends_by_itself_is_a_failure_even_without_an_error() -> None:
    """Nor must it be asked for its error where it was cancelled: the service could not end in order for it."""
    tasks = {"quick": await ended(), "broken": await ended(BROKEN), "cancelled": await ended(asyncio.CancelledError())}

    assert ended_wrongly(tasks, asked=False) == {"quick": None, "broken": BROKEN, "cancelled": None}
