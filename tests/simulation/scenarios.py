"""What is asked of a database, real or model, and answered alike: statements alone, and two transactions at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from chassis import consumer_offsets, held_events, lease, relay, version_guard
from chassis.adding import add_rows
from chassis.outbox import OutboxRow
from tests.integration.chassis import toy
from tests.simulation.statements import SEEN

TOPIC = "toy-events"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, SECOND = UUID(int=1), UUID(int=2)


class Stand:
    """A database with two connections, and a way to wait until a statement waits for another transaction."""

    def __init__(self, first: Any, second: Any, waits: Callable[["asyncio.Task[Any]"], Awaitable[None]]) -> None:
        self.first, self.second, self.waits = first, second, waits

    async def meanwhile(self, *statement: Any) -> "asyncio.Task[Any]":
        """A statement of the second that has to wait."""
        task = asyncio.ensure_future(ask(self.second, *statement))
        await self.waits(task)
        return task


async def ask(connection: Any, query: str, *about: Any) -> Any:
    """Rows by name; for a statement that answers none, its tag; or the error's class."""
    try:
        if "returning" in query or query.lstrip().startswith("select"):
            return [_named(row) for row in await connection.fetch(query, *about)]
        return await connection.execute(query, *about)
    except asyncpg.PostgresError as error:
        return type(error).__name__


def _named(row: Any) -> dict[str, Any]:
    names = list(row.names) if hasattr(row, "names") else list(row.keys())
    return dict(zip(names, tuple(row), strict=True))


async def copied(connection: Any, table: str, columns: Any, *records: Any) -> Any:
    try:
        return await connection.copy_records_to_table(table, columns=columns, records=records)
    except asyncpg.PostgresError as error:
        return type(error).__name__


async def added(connection: Any, table: str, columns: Any, *records: Any) -> str | None:
    try:
        await add_rows(connection, table, columns, records)
    except asyncpg.PostgresError as error:
        return type(error).__name__
    return None


def held(key: str, offset: int, version: int | None, reason: str) -> list[list[Any]]:
    about = [TOPIC, key, 0, offset, version, f"{key}-{offset}", "t", "c", b"sealed", reason, "", 1, NOW]
    return [[value] for value in about]


def said(number: int, key: str) -> OutboxRow:
    return OutboxRow(UUID(int=number), "toy-totals", key, key, number, '{"ce_id": "x"}', b"%d" % number)


async def offsets_one_by_one(on: Stand) -> list[Any]:
    a, places = on.first, ([TOPIC, TOPIC, "z"], [1, 0, 7])
    found = [await ask(a, consumer_offsets.START, TOPIC, number, 5) for number in (0, 1, 0)]
    found.append(await ask(a, consumer_offsets.READ, *places))
    found.append(await ask(a, consumer_offsets.ADVANCE, *places, [8, 9, 10], ["x", "y", "z"]))
    return [*found, await ask(a, consumer_offsets.LOCK, *places)]


async def versions_one_by_one(on: Stand) -> list[Any]:
    a = on.first
    found = [await copied(a, "seen_versions", SEEN, ("w", "b", 1, "b-1"), ("w", "a", 1, "a-1"))]
    found.append(await copied(a, "seen_versions", SEEN, ("w", "c", 1, "c-1"), ("w", "a", 2, "a-2")))
    found.append(await ask(a, version_guard.SAVE, "w", ["a", "n"], [2, 3], ["a-2", "n-3"]))
    return [*found, await ask(a, version_guard.LOAD, "w", ["b", "a", "c", "n"])]


async def tallies_one_by_one(on: Stand) -> list[Any]:
    a = on.first
    found = [await ask(a, toy.SAVE, ["b", "a"], [1, 2], [1, 2]), await ask(a, toy.SAVE, ["a", "c"], [5, 6], [3, 1])]
    found.append(await ask(a, toy.SAVE, ["d", "a"], [1, 1000], [1, 4]))
    return [*found, await ask(a, toy.LOAD, ["c", "a", "b", "d"])]


async def few_rows_are_added_all_or_none(on: Stand) -> list[Any]:
    a = on.first
    found = [await added(a, "seen_versions", SEEN, ("w", "a", 1, "a-1"))]
    found.append(await added(a, "seen_versions", SEEN, ("w", "b", 1, "b-1"), ("w", "c", 1, "c-1")))
    found.append(await added(a, "seen_versions", SEEN, ("w", "d", 1, "d-1"), ("w", "c", 2, "c-2")))
    found.append(await added(a, "outbox", OutboxRow._fields, *(said(number, "k") for number in range(1, 4))))
    return [*found, await ask(a, version_guard.LOAD, "w", ["a", "b", "c", "d"]), await ask(a, relay.READ, 9)]


async def outbox_one_by_one(on: Stand) -> list[Any]:
    a, hour = on.first, timedelta(hours=1)
    found = [await copied(a, "outbox", OutboxRow._fields, *(said(number, "k") for number in range(1, 6)))]
    found.append(await ask(a, relay.READ, 3))
    found += [await ask(a, relay.READ_BEHIND, 2, 3, known) for known in ([1, 2, 3], [1, 3], [])]
    found += [await ask(a, lease.CLAIM, who, hour) for who in (FIRST, FIRST, SECOND)]
    found += [await ask(a, relay.REMOVE, [1, 2], who, epoch) for who, epoch in ((SECOND, 1), (FIRST, 2), (FIRST, 1))]
    found += [await ask(a, relay.REMOVE, [1, 3], FIRST, 1), await ask(a, lease.RELEASE, SECOND)]
    found += [await ask(a, lease.RELEASE, FIRST), await ask(a, relay.REMOVE, [4], FIRST, 1)]
    return [*found, await ask(a, lease.CLAIM, SECOND, hour), await ask(a, relay.READ, 9)]


async def held_events_one_by_one(on: Stand) -> list[Any]:
    a = on.first
    found = [await ask(a, held_events.KEYS_ANY, TOPIC)]
    found.append(await ask(a, held_events.HOLD_KEYS, [TOPIC] * 3, ["b", "a", "b"], [NOW, None, None]))
    rows = (("a", 1, 7, "version_gap"), ("a", 2, 6, "follows_held"), ("a", 2, 5, "x"), ("b", 3, None, "undecodable"))
    found += [await ask(a, held_events.HOLD, *held(*row)) for row in rows]
    found += [await ask(a, held_events.KEYS_ANY, TOPIC), await ask(a, held_events.KEYS, TOPIC, ["c", "b", "a"])]
    found += [await ask(a, held_events.DUE_KEY, NOW + timedelta(seconds=each)) for each in (-1, 0)]
    found += [await ask(a, held_events.DUE_NOW, TOPIC, ["a", "z"], NOW), await ask(a, held_events.LOCK_KEY, TOPIC, "a")]
    found += [await ask(a, held_events.LOCK_KEY, TOPIC, "z"), await ask(a, held_events.WAITING, TOPIC, "a", 9)]
    (first,) = [row["id"] for row in await a.fetch(held_events.WAITING, TOPIC, "b", 1)]
    found.append(await ask(a, held_events.FAILED_AGAIN, first, "save_failed", "d"))
    found += [
        await ask(a, held_events.SETTLE, first, NOW, "retried", "k", ""),
        await ask(a, held_events.LEFT, TOPIC, "b"),
    ]
    found += [await ask(a, held_events.RELEASE_OR_SCHEDULE, TOPIC, key, NOW) for key in ("a", "b", "z")]
    found += [await ask(a, held_events.KEYS, TOPIC, ["a", "b"]), await ask(a, held_events.HOLD, *held("b", 3, 1, "x"))]
    return [*found, await ask(a, held_events.FORGET_SETTLED, NOW + timedelta(1), 5)]


async def a_lock_is_waited_for_and_the_newest_row_seen(on: Stand) -> list[Any]:
    await ask(on.first, toy.SAVE, ["a", "b"], [1, 1], [1, 1])
    async with on.first.transaction():
        found = [await ask(on.first, toy.SAVE, ["a"], [7], [2]), await ask(on.second, toy.LOAD, ["b"])]
        waiting = await on.meanwhile(toy.LOAD, ["a", "b"])
    return [*found, await waiting]


async def a_row_that_is_inserted_at_once_is_inserted_once(on: Stand) -> list[Any]:
    async with on.first.transaction():
        found = [await copied(on.first, "seen_versions", SEEN, ("w", "a", 1, "one"))]
        found.append(await ask(on.first, consumer_offsets.START, TOPIC, 0, 1))
        waiting = await on.meanwhile(consumer_offsets.START, TOPIC, 0, 2)
    found.append(await waiting)
    found.append(await copied(on.second, "seen_versions", SEEN, ("w", "a", 1, "two")))
    return [*found, await ask(on.first, consumer_offsets.READ, [TOPIC], [0])]


async def a_row_that_was_not_to_be_is_inserted_by_the_other(on: Stand) -> list[Any]:
    found: list[Any] = []
    try:
        async with on.first.transaction():
            found.append(await ask(on.first, toy.SAVE, ["a"], [1], [1]))
            waiting = await on.meanwhile(toy.SAVE, ["a"], [5], [5])
            raise InterruptedError
    except InterruptedError:
        found.append(await waiting)
    return [*found, await ask(on.first, toy.LOAD, ["a"])]


async def what_is_locked_is_skipped(on: Stand) -> list[Any]:
    await ask(on.first, held_events.HOLD_KEYS, [TOPIC] * 2, ["a", "b"], [NOW, NOW + timedelta(seconds=1)])
    late = NOW + timedelta(hours=1)
    async with on.first.transaction(), on.second.transaction():
        found = [await ask(each, held_events.DUE_KEY, late) for each in (on.first, on.second, on.second)]
    async with on.first.transaction(), on.second.transaction():
        return [*found, *[await ask(each, held_events.DUE_KEY, late) for each in (on.second, on.first)]]


async def a_savepoint_gives_back_rows_and_locks(on: Stand) -> list[Any]:
    await ask(on.first, toy.SAVE, ["a", "b"], [1, 1], [1, 1])
    async with on.first.transaction():
        found = [await ask(on.first, toy.SAVE, ["b"], [2], [2])]
        try:
            async with on.first.transaction():
                found.append(await ask(on.first, toy.LOAD, ["a"]))
                found.append(await ask(on.first, toy.SAVE, ["a"], [1000], [2]))
                found.append(await ask(on.first, toy.LOAD, ["a"]))
                raise InterruptedError
        except InterruptedError:
            found += [await ask(on.first, toy.LOAD, ["b"]), await ask(on.second, toy.SAVE, ["a"], [3], [3])]
    return [*found, await ask(on.second, toy.LOAD, ["a", "b"])]


async def a_key_that_is_freed_meanwhile_is_not_held(on: Stand) -> list[Any]:
    await ask(on.first, held_events.HOLD_KEYS, [TOPIC] * 2, ["a", "b"], [None, None])
    for key, offset in (("a", 1), ("b", 2)):
        await ask(on.first, held_events.HOLD, *held(key, offset, 1, "decide_failed"))
    ids = {row["key"]: row["id"] for key in "ab" for row in await on.first.fetch(held_events.WAITING, TOPIC, key, 1)}
    async with on.first.transaction():
        found = [await ask(on.first, held_events.KEYS, TOPIC, ["a", "b"])]
        await ask(on.first, held_events.SETTLE, ids["a"], NOW, "retried", "k", "")
        await ask(on.first, held_events.FAILED_AGAIN, ids["b"], "save_failed", "")
        found += [await ask(on.first, held_events.RELEASE_OR_SCHEDULE, TOPIC, key, NOW) for key in "ab"]
        waiting = await on.meanwhile(held_events.KEYS, TOPIC, ["a", "b"])
    return [*found, await waiting, await ask(on.second, held_events.KEYS, TOPIC, ["a", "b"])]


async def an_id_may_become_visible_after_a_higher_one(on: Stand) -> list[Any]:
    async with on.first.transaction():
        await copied(on.first, "outbox", OutboxRow._fields, said(1, "a"))
        await copied(on.second, "outbox", OutboxRow._fields, said(2, "b"))
        found = [await ask(on.second, relay.READ, 9)]
    return [*found, await ask(on.second, relay.READ_BEHIND, 9, 2, [2]), await ask(on.second, relay.READ, 9)]


async def a_lease_is_claimed_by_one_of_two(on: Stand) -> list[Any]:
    async with on.first.transaction():
        found = [await ask(on.first, lease.CLAIM, FIRST, timedelta(hours=1))]
        waiting = await on.meanwhile(lease.CLAIM, SECOND, timedelta(hours=1))
    return [*found, await waiting]


SCENARIOS = [
    offsets_one_by_one,
    versions_one_by_one,
    tallies_one_by_one,
    few_rows_are_added_all_or_none,
    outbox_one_by_one,
    held_events_one_by_one,
    a_lock_is_waited_for_and_the_newest_row_seen,
    a_row_that_is_inserted_at_once_is_inserted_once,
    a_row_that_was_not_to_be_is_inserted_by_the_other,
    what_is_locked_is_skipped,
    a_savepoint_gives_back_rows_and_locks,
    a_key_that_is_freed_meanwhile_is_not_held,
    an_id_may_become_visible_after_a_higher_one,
    a_lease_is_claimed_by_one_of_two,
]
