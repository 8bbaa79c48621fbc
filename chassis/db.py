"""The database of one service: a pool with deadlines, and the unit of work opened on it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from chassis.clock import Clock, system_clock
from chassis.failpoints import reached
from chassis.outgoing_pokes import Pokes
from chassis.settings import ServiceSettings
from chassis.unit_of_work import UnitOfWork
from schemas.envelope import Catalogue

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

log = structlog.get_logger(__name__)

ACQUIRE_SECONDS = 10.0


class Database:
    """Opens units of work. After each commit that said something, `on_published` is called (the relay's wake-up)."""

    def __init__(self, pool: "asyncpg.Pool[Any]", service: str, catalogue: Catalogue, clock: Clock) -> None:
        self.pool = pool
        self.service = service
        self.clock = clock
        self.on_published: list[Callable[[], None]] = []
        self.pokes = Pokes()
        self._catalogue = catalogue

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """A transaction: committed when the block ends, undone when it raises."""
        async with self._acquired() as connection:
            async with connection.transaction():
                uow = UnitOfWork(connection, self.clock(), self.service, self._catalogue)
                yield uow
                await uow.flush()
                await reached("unit_of_work.before_commit")
            await reached("unit_of_work.after_commit")
        self.pokes.add(uow.pokes)
        if uow.published:
            uow.count()
            for wake in self.on_published:
                wake()

    async def fetch(self, query: str, *arguments: object) -> list[Any]:
        """Rows of a read outside any unit of work."""
        async with self._acquired() as connection:
            return await connection.fetch(query, *arguments)

    async def fetchrow(self, query: str, *arguments: object) -> Any:
        """The first row of a read, or None."""
        async with self._acquired() as connection:
            return await connection.fetchrow(query, *arguments)

    async def execute(self, query: str, *arguments: object) -> str:
        """One statement in a transaction of its own."""
        async with self._acquired() as connection:
            return await connection.execute(query, *arguments)

    async def notify(self, payloads: Sequence[str]) -> None:
        """Sends pokes on their line, in a transaction of its own.

        While one that notifies commits, all others of the server that notify wait: no batch may.
        """
        await self.execute("select pg_notify($1, p) from unnest($2::text[]) p", self.pokes.channel, payloads)

    async def close(self) -> None:
        """Sends the pokes of what was committed last, if they can be sent, and closes the pool."""
        if self.pokes.channel and (left := self.pokes.taken()):
            try:
                await self.notify(left)
            except Exception as error:
                log.warning("pokes not sent", error=type(error).__name__, pokes=len(left))
        await self.pool.close()

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator["PoolConnectionProxy[Any]"]:
        try:
            async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                yield connection
        except asyncpg.ReadOnlySQLTransactionError:
            await self.pool.expire_connections()  # after a failover: behind these sockets nothing can be written
            raise


async def _as_it_is(_connection: "asyncpg.Connection[Any]") -> None:
    """Nothing to reset: we set nothing that outlives a transaction. The driver would ask Postgres to, at each return.

    A transaction that is still open is undone by the driver before this.
    """


async def open_database(
    settings: ServiceSettings, service: str, catalogue: Catalogue, clock: Clock = system_clock
) -> Database:
    """A database whose pool connects at first use, so that a service starts while Postgres is still away."""
    pool = asyncpg.create_pool(
        settings.dsn,
        min_size=0,
        max_size=settings.database_connections,
        timeout=5.0,
        command_timeout=settings.database_timeout_seconds,
        max_inactive_connection_lifetime=60.0,
        reset=_as_it_is,
        server_settings={
            "application_name": service,
            # Pages are cached or on flash. At the default of 4 a batch's update scans the whole table, so that its cost
            # grows with what is stored.
            "random_page_cost": "1.1",
        },
    )
    return Database(await pool, service, catalogue, clock)
