"""Pool, connection and transaction of the model database, as asyncpg has them."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from tests.simulation.database import Server, Steps, Transaction
from tests.simulation.statements import COPIES, STATEMENTS
from tests.simulation.virtual import Process, current

CLOSED = "the underlying connection is closed"


class UnknownStatement(Exception):  # named after the fact
    """The model does not know this statement: it is to be taught what Postgres does."""


class Pool:
    """Hands out connections of one process. There are always enough of them."""

    def __init__(self, server: Server, process: Process) -> None:
        self._server = server
        self._process = process

    @asynccontextmanager
    async def acquire(self, *, timeout: float) -> "AsyncIterator[Connection]":  # noqa: ARG002  # as asyncpg has it
        current()
        if self._server.away:
            await asyncio.sleep(self._server.chance.way())
            current()
            raise ConnectionRefusedError("the database is away")
        connection = Connection(self._server, self._process)
        self._server.connections[connection] = None
        try:
            yield connection
        finally:
            if not self._process.dead:  # else the server notices in its own time
                connection.release()

    async def expire_connections(self) -> None:
        """None is kept."""

    async def close(self) -> None:
        """None is kept."""


class Connection:
    """One session. `cut` ends it; what was asked before is answered or not, as the world has it."""

    def __init__(self, server: Server, process: Process) -> None:
        self._server = server
        self._process = process
        self._open: Transaction | None = None
        self._pending: asyncio.Future[Any] | None = None
        self._closed = False

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        rows: list[Any] = (await self._ask(query, arguments))[0]
        return rows

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        rows = (await self._ask(query, arguments))[0]
        return rows[0] if rows else None

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        rows = (await self._ask(query, arguments))[0]
        return rows[0][0] if rows else None

    async def execute(self, query: str, *arguments: Any) -> str:
        tag: str = (await self._ask(query, arguments))[1]
        return tag

    async def executemany(self, query: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for several rows, in one way: all of them or none."""
        statement = STATEMENTS.get(query)
        if statement is None:
            raise UnknownStatement(query)

        def of_each(tx: Transaction, tables: Any, rows: Sequence[Sequence[Any]]) -> Any:
            for row in rows:
                yield from statement(tx, tables, *row)
            return [], ""

        await self._do(of_each, (list(rows),))

    async def copy_records_to_table(self, table: str, *, columns: Sequence[str], records: Iterable[Any]) -> str:
        copy = COPIES.get((table, tuple(columns)))
        if copy is None:
            raise UnknownStatement(f"copy {table} ({', '.join(columns)})")
        tag: str = (await self._do(copy, (list(records),)))[1]
        return tag

    @asynccontextmanager
    async def transaction(self) -> "AsyncIterator[None]":
        if self._open is not None:
            async with self._savepoint(self._open):
                yield
            return
        self._usable()
        self._open = transaction = Transaction(self._server, self._process.name)
        try:
            yield
        except BaseException:
            self._usable()
            self._open = None
            transaction.rollback()
            raise
        self._usable()
        await self._commit(transaction)

    @asynccontextmanager
    async def _savepoint(self, transaction: Transaction) -> "AsyncIterator[None]":
        self._usable()
        mark = transaction.mark()
        try:
            yield
        except BaseException:
            self._usable()
            transaction.back_to(mark)
            raise
        self._usable()
        if transaction.failed:
            raise asyncpg.InFailedSQLTransactionError("current transaction is aborted")

    async def _commit(self, transaction: Transaction) -> None:
        self._open = None
        transaction.commit()
        await self._answered(None)

    async def _ask(self, query: str, arguments: Sequence[Any]) -> Any:
        statement = STATEMENTS.get(query)
        if statement is None:
            raise UnknownStatement(query)
        return await self._do(statement, arguments)

    async def _do(self, statement: Any, arguments: Sequence[Any]) -> Any:
        self._usable()
        assert self._pending is None, "another operation is in progress"
        transaction = self._open
        if transaction is not None and transaction.failed:
            raise asyncpg.InFailedSQLTransactionError("current transaction is aborted")
        alone = transaction is None
        if transaction is None:
            transaction = Transaction(self._server, self._process.name)
        steps: Steps = statement(transaction, self._server.tables, *arguments)
        answer = self._server.loop.create_future()
        self._server.ask(transaction, steps, answer, alone)
        return await self._wait(answer)

    async def _wait(self, answer: "asyncio.Future[Any]") -> Any:
        if answer.done():
            return answer.result()
        self._pending = answer
        try:
            return await answer
        finally:
            self._pending = None

    async def _answered(self, value: Any) -> None:
        answer = self._server.loop.create_future()
        self._server.answer(answer, value)
        await self._wait(answer)

    def _usable(self) -> None:
        self._process.alive()
        if self._closed:
            raise asyncpg.InterfaceError(CLOSED)

    def cut(self) -> None:
        """The session ends at the server, its transaction with it; who waits for an answer will not know."""
        self.release()
        self._closed = True
        if self._pending is not None and not self._pending.done():
            self._pending.set_exception(asyncpg.ConnectionDoesNotExistError("connection was closed"))

    def release(self) -> None:
        self._server.connections.pop(self, None)
        transaction, self._open = self._open, None
        if transaction is not None and not transaction.ended:
            transaction.rollback()

    @property
    def process(self) -> Process:
        return self._process
