"""PROMISE: what several workers ask for is done at once, and what one of them asks for harms no other."""

import asyncio
from collections.abc import Collection, Sequence

import pytest

from services.notifier.together import AT_A_TIME, Together


async def test_all_that_came_while_one_was_stored_is_stored_at_once() -> None:
    sizes: list[int] = []

    async def commit(steps: Sequence[int]) -> Collection[int]:
        sizes.append(len(steps))
        await asyncio.sleep(0)
        return steps

    together = Together("stored", commit)
    assert all(await asyncio.gather(*(together.take(step) for step in range(20))))
    assert len(sizes) <= 1 + AT_A_TIME
    assert sum(sizes) == 20


async def test_what_fails_for_one_is_done_for_the_others() -> None:
    async def commit(steps: Sequence[int]) -> Collection[int]:
        if 3 in steps:
            raise ValueError("three")
        return steps

    together = Together("stored", commit)
    answers = await asyncio.gather(*(together.take(step) for step in range(6)), return_exceptions=True)
    assert [isinstance(each, ValueError) for each in answers] == [step == 3 for step in range(6)]


async def test_what_is_asked_for_at_the_moment_when_all_others_end_is_done_too() -> None:
    """Would break: the last answer of a mail server before a quiet hour is stored with the next mail, or never."""
    end, done = asyncio.Event(), list[int]()

    async def commit(steps: Sequence[int]) -> Collection[int]:
        await end.wait()
        done.extend(steps)
        return steps

    async def take_then() -> bool:
        await end.wait()
        assert len(done) == AT_A_TIME
        return await together.take(AT_A_TIME)

    together = Together("stored", commit)
    for step in range(AT_A_TIME):
        first = asyncio.ensure_future(together.take(step))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not first.done()
    then = asyncio.ensure_future(take_then())
    await asyncio.sleep(0)
    end.set()
    await asyncio.wait([then], timeout=5)
    assert then.done(), "it waits for the next one"
    assert await then
    async with asyncio.timeout(5):
        await together.finish()


async def test_a_commit_that_hangs_ends_and_those_after_it_go_on() -> None:
    hangs = True

    async def commit(steps: Sequence[int]) -> Collection[int]:
        if hangs:
            await asyncio.Event().wait()
        return steps

    together = Together("stored", commit, within_seconds=0.05)
    async with asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            await together.take(1)
        hangs = False
        assert await together.take(2)
