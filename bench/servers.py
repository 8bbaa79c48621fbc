"""The broker and the database of a run: our own nodes, both with the durability that a service has in production."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from aktivera.local.kafka import KafkaNode, ensure_jars, find_java
from aktivera.local.ports import free_port
from aktivera.local.postgres import PostgresNode
from chassis import kafka
from chassis.ids import uuid7
from chassis.settings import CommonSettings, environment
from tests.infrastructure import ROOT, Infrastructure, Nodes

PARTITIONS = 12
COUNTED = {"shared_preload_libraries": "pg_stat_statements", "track_io_timing": "off"}


def database_of(dsn: str) -> str:
    """The name of the database in an address."""
    return dsn.rpartition("/")[2]


@dataclass
class Servers:
    """What runs, and the ids of the two processes whose CPU time is counted."""

    infra: Infrastructure
    folder: Path
    broker: int
    postgres: int

    async def prefix(self, *topics: str) -> str:
        """A prefix that nothing has used, with fresh topics under it."""
        prefix = f"b{uuid7().hex[:12]}{uuid7().hex[-6:]}-"
        await kafka.create_topics(self.common(prefix), [(topic, 1) for topic in topics])
        return prefix

    def common(self, prefix: str) -> CommonSettings:
        return CommonSettings(
            environment="test", kafka_bootstrap=self.infra.kafka, topic_prefix=prefix, topic_partitions=PARTITIONS
        )

    async def settle(self) -> None:
        """Writes out what earlier work left, so that nobody pays for another."""
        await self.superuser("checkpoint")

    async def superuser(self, *statements: str, database: str | None = None) -> None:
        dsn = self.infra.superuser_dsn
        connection = await asyncpg.connect(dsn, database=database or database_of(dsn))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def drop(self, dsn: str) -> None:
        """Removes a database that has been measured."""
        await self.superuser(f"drop database if exists {database_of(dsn)} with (force)")


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Servers]:
    """Kafka and Postgres with all their syncing on, ended when the block ends."""
    given = dict(environment())
    jars = await asyncio.to_thread(ensure_jars, ROOT / ".local" / "kafka" / "jars", given, print)
    nodes = Nodes(
        KafkaNode(folder / "kafka", free_port(), free_port(), jars, find_java(given), given),
        PostgresNode(folder / "postgres", free_port(), folder / "secrets", given, COUNTED),
        folder / "log",
    )
    try:
        for name in ("kafka", "postgres"):
            await asyncio.to_thread(nodes.start, name)
        for name in ("kafka", "postgres"):
            await nodes.ready(name)
        infra = Infrastructure(nodes.kafka.bootstrap, nodes.postgres.superuser_dsn, folder / "secrets", nodes)
        yield Servers(infra, folder, nodes.running["kafka"].pid, nodes.running["postgres"].pid)
    finally:
        await asyncio.to_thread(nodes.stop)
