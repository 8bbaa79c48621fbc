"""A model of Postgres: tables, transactions in read committed, row locks, savepoints, and its ways to fail.

It is held to the same tests as the real one (test_database_contract).
"""

import asyncio
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg

from tests.simulation.chance import Chance
from tests.simulation.virtual import SERVER, VirtualLoop, fail, settle

COMMAND_SECONDS = 20.0
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

Steps = Generator["Transaction", None, Any]
"""A statement at work: yields the transactions that it waits for, and returns its result."""


class Table:
    """Committed rows by primary key, and who has locked which."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[Hashable, Any] = {}
        self.locks: dict[Hashable, Transaction] = {}
        self.last_id = 0

    def next_id(self) -> int:
        """Identity: never given back, so that a lower one may become visible after a higher one."""
        self.last_id += 1
        return self.last_id


class Transaction:
    """What it has changed, which nobody else sees, and the rows it has locked. None is a row that it deleted."""

    def __init__(self, server: "Server", owner: str) -> None:
        self.server = server
        self.owner = owner
        self.changes: dict[Table, dict[Hashable, Any]] = {}
        self.undo: list[tuple[Table, Hashable, bool, Any]] = []
        self.locked: list[tuple[Table, Hashable]] = []
        self.waiters: list[Callable[[], None]] = []
        self.waits_for: Transaction | None = None
        self.failed = False
        self.ended = False

    def get(self, table: Table, key: Hashable) -> Any:
        own = self.changes.get(table)
        return own[key] if own and key in own else table.rows.get(key)

    def rows(self, table: Table) -> list[Any]:
        own = self.changes.get(table)
        if not own:
            return list(table.rows.values())
        return [row for row in {**table.rows, **own}.values() if row is not None]

    def put(self, table: Table, key: Hashable, row: Any) -> None:
        """Changes a row that it has locked, or adds one."""
        own = self.changes.setdefault(table, {})
        self.undo.append((table, key, key in own, own.get(key)))
        own[key] = row
        self.lock(table, key)

    def lock(self, table: Table, key: Hashable) -> None:
        if table.locks.get(key) is not self:
            table.locks[key] = self
            self.locked.append((table, key))

    def others_lock(self, table: Table, key: Hashable) -> "Transaction | None":
        holder = table.locks.get(key)
        return None if holder is self else holder

    def mark(self) -> tuple[int, int]:
        """A savepoint."""
        return len(self.undo), len(self.locked)

    def back_to(self, mark: tuple[int, int]) -> None:
        """To the savepoint: what was changed and locked since is not."""
        changes, locks = mark
        while len(self.undo) > changes:
            table, key, there, row = self.undo.pop()
            if there:
                self.changes[table][key] = row
            else:
                del self.changes[table][key]
        self._unlock(locks)
        self.failed = False

    def commit(self) -> None:
        """Makes it seen; a failed one is rolled back, as Postgres does."""
        if self.ended or self.failed:
            return self.rollback()
        for table, own in self.changes.items():
            for key, row in own.items():
                for watch in self.server.watches:
                    watch(self, table, key, row)
                if row is None:
                    table.rows.pop(key, None)
                else:
                    table.rows[key] = row
        return self._end()

    def rollback(self) -> None:
        self._end()

    def _end(self) -> None:
        self.ended = True
        self._unlock(0)
        self.changes = {}

    def _unlock(self, down_to: int) -> None:
        while len(self.locked) > down_to:
            table, key = self.locked.pop()
            del table.locks[key]
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            self.server.loop.call_soon(waiter, context=SERVER)


class Server:
    """One database, shared by all processes of a schedule."""

    def __init__(self, loop: VirtualLoop, chance: Chance, tables: Iterable[str]) -> None:
        self.loop = loop
        self.chance = chance
        self.tables = {name: Table(name) for name in tables}
        self.away = False
        self.connections: dict[Any, None] = {}
        self.watches: list[Callable[[Transaction, Table, Hashable, Any], None]] = []

    def now(self) -> datetime:
        """clock_timestamp()."""
        return EPOCH + timedelta(seconds=self.loop.time())

    def put(self, name: str, key: Hashable, row: Any) -> None:
        """What was there from the beginning."""
        self.tables[name].rows[key] = row

    def rows(self, name: str) -> list[Any]:
        """What is committed, for the checker."""
        return list(self.tables[name].rows.values())

    def ask(self, transaction: Transaction, steps: Steps, answer: "asyncio.Future[Any]", end: bool) -> None:
        """A statement comes to the server, mostly at once: another's may overtake it."""
        if self.chance.random() < 0.85:
            self.work(transaction, steps, answer, end)
        else:
            self.loop.call_later(self.chance.way(), self.work, transaction, steps, answer, end, context=SERVER)

    def work(self, transaction: Transaction, steps: Steps, answer: "asyncio.Future[Any]", end: bool) -> None:
        """Goes on with a statement until it is done or must wait. `end`: it is a transaction of its own."""
        if answer.done() or transaction.ended:
            self._failed(transaction, end)
            return
        transaction.waits_for = None
        try:
            holder = next(steps)
        except StopIteration as done:
            if end:
                transaction.commit()
            self.answer(answer, done.value)
            return
        except Exception as error:
            self._failed(transaction, end)
            self.answer(answer, error)
            return
        if self._deadlock(transaction, holder):
            self._failed(transaction, end)
            self.answer(answer, asyncpg.DeadlockDetectedError("deadlock detected"))
            return
        transaction.waits_for = holder
        self.loop.call_later(COMMAND_SECONDS, fail, answer, TimeoutError(), context=SERVER)
        holder.waiters.append(partial(self.work, transaction, steps, answer, end))

    def answer(self, future: "asyncio.Future[Any]", value: Any) -> None:
        """At once or after a while; the asker sees it when its process runs."""
        delay = self.chance.answer()
        how = fail if isinstance(value, BaseException) else settle
        if delay:
            self.loop.call_later(delay, how, future, value, context=SERVER)
        else:
            how(future, value)

    @staticmethod
    def _failed(transaction: Transaction, end: bool) -> None:
        transaction.failed = True
        if end:
            transaction.rollback()

    @staticmethod
    def _deadlock(transaction: Transaction, holder: Transaction | None) -> bool:
        while holder is not None and holder is not transaction:
            holder = holder.waits_for
        return holder is transaction

    def crash(self) -> None:
        """Every connection is cut, every open transaction undone; nobody is let in until `away` is False again."""
        self.away = True
        for connection in list(self.connections):
            connection.cut()


def locked(
    transaction: Transaction, table: Table, keys: Sequence[Hashable], still: Callable[[Any], bool] | None = None
) -> Generator[Transaction, None, list[Any]]:
    """FOR UPDATE: waits for each row of the statement's snapshot, and takes its newest form, where it is there still
    and still meets the condition."""
    found = []
    for key in keys:
        while (holder := transaction.others_lock(table, key)) is not None:
            yield holder
        row = transaction.get(table, key)
        if row is not None and (still is None or still(row)):
            transaction.lock(table, key)
            found.append(row)
    return found


def inserted(transaction: Transaction, table: Table, key: Hashable, row: Any) -> Generator[Transaction, None, bool]:
    """False where the key is taken. Waits for who is about to add or remove it."""
    while (holder := transaction.others_lock(table, key)) is not None:
        if key in table.rows and holder.get(table, key) is not None:
            return False
        yield holder
    if transaction.get(table, key) is not None:
        return False
    transaction.put(table, key, row)
    return True
