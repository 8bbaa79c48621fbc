"""What counts as a failure when a service ends."""

import asyncio

from chassis.lifecycle import ended_wrongly


async def ended(error: Exception | None = None) -> "asyncio.Task[None]":
    async def loop() -> None:
        if error is not None:
            raise error

    task = asyncio.create_task(loop())
    await asyncio.wait([task])
    return task


async def test_a_loop_that_ends_as_soon_as_it_is_asked_to_is_no_failure() -> None:
    tasks = {"quick": await ended(), "broken": await ended(RuntimeError("broken"))}

    assert ended_wrongly(tasks, asked=True) == ["broken"]


async def test_a_loop_that_ends_by_itself_is_a_failure_even_without_an_error() -> None:
    tasks = {"quick": await ended(), "broken": await ended(RuntimeError("broken"))}

    assert ended_wrongly(tasks, asked=False) == ["quick", "broken"]
