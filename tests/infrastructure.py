"""The one Kafka and the one Postgres of a test run: our own nodes, containers, or servers at given addresses."""

import asyncio
import atexit
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from aktivera.local.credentials import password
from aktivera.local.kafka import KafkaNode, ensure_jars, find_java
from aktivera.local.launch import launch
from aktivera.local.ports import free_port
from aktivera.local.postgres import PostgresNode
from aktivera.local.postgres.provision import dsn
from chassis.ids import uuid7
from chassis.migrate import migrate
from chassis.service import Service
from chassis.settings import environment
from tests.in_memory import place_for_data

ROOT = Path(__file__).parent.parent
# A killed process leaves the page cache whole, and no test takes the power away: syncing would only cost minutes, and
# so would compressing what is written for each test's database, and proving one's password in thousands of rounds.
WITHOUT_SYNC = {"fsync": "off", "full_page_writes": "off", "wal_compression": "off", "scram_iterations": "1"}


@dataclass
class Nodes:
    """Our own two nodes, which a test may kill and start again. `data`: a folder that goes with them."""

    kafka: KafkaNode
    postgres: PostgresNode
    logs: Path
    data: Path | None = None
    running: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        atexit.register(self.stop)  # a run that ends otherwise than it should leaves no servers either

    def start(self, name: str) -> None:
        node = self.kafka if name == "kafka" else self.postgres
        node.prepare()
        self.running[name] = launch(node.spec(), self.logs)

    async def ready(self, name: str) -> None:
        await (self.kafka if name == "kafka" else self.postgres).ready(90)

    def kill(self, name: str) -> None:
        """-9 for the whole broker; for Postgres the end that a crash would be, so that no shared memory is left."""
        process = self.running.pop(name)
        if name == "postgres":
            process.send_signal(signal.SIGQUIT)
        else:
            process.kill()
        ended = process.wait(30)
        assert ended == (-signal.SIGKILL if name == "kafka" else 0), (name, ended)
        if name == "postgres":
            assert "immediate shutdown" in (self.logs / "postgres.log").read_text(errors="replace")

    def stop(self) -> None:
        for name, process in self.running.items():
            process.send_signal(signal.SIGQUIT if name == "postgres" else signal.SIGKILL)  # its data goes
            process.wait(30)
        self.running.clear()
        self.postgres.remove()
        if self.data is not None:
            shutil.rmtree(self.data, ignore_errors=True)
        atexit.unregister(self.stop)


@dataclass
class Infrastructure:
    """Addresses, and how tests get what is theirs alone on them."""

    kafka: str
    superuser_dsn: str
    secrets: Path
    nodes: Nodes | None = None
    stop_containers: Callable[[], None] | None = None
    _templates: dict[str, str] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _superuser: "asyncpg.Connection[Any] | None" = None

    async def database(self, service: Service) -> str:
        """A fresh migrated database of one service; answers the address for the service's own login."""
        async with self._lock:
            if service.name not in self._templates:
                self._templates[service.name] = await self._template(service)
        name = f"t_{uuid7().hex}"
        await self._as_superuser(
            f"create database {name} template {self._templates[service.name]} strategy file_copy"  # a tenth of CPU
            f' owner "{service.name}_owner"'
        )
        return dsn(self.superuser_dsn, service.name, name, password(self.secrets, f"postgres-{service.name}"))

    async def drop(self, *addresses: str) -> None:
        """Databases that nobody needs any more: removed this soon, they were never written to a disk."""
        for address in addresses:
            await self._as_superuser(f"drop database if exists {address.rpartition('/')[2]} with (force)")

    async def _as_superuser(self, statement: str) -> None:
        """On one connection for all, made anew where a test has ended the server meanwhile."""
        async with self._lock:
            if self._superuser is None or self._superuser.is_closed():
                self._superuser = await asyncpg.connect(self.superuser_dsn)
            await self._superuser.execute(statement)

    async def stop(self) -> None:
        """Ends what `start` started."""
        if self._superuser is not None:
            self._superuser.terminate()
        if self.nodes is not None:
            self.nodes.stop()
        if self.stop_containers is not None:
            await asyncio.to_thread(self.stop_containers)

    async def _template(self, service: Service) -> str:
        from aktivera.local.postgres import provision

        owner = (await provision(self.superuser_dsn, service.name, self.secrets)).owner
        await asyncio.to_thread(migrate, owner, service.migrations)
        return service.name


async def start(folder: Path) -> Infrastructure:
    """Starts what the run uses. AKTIVERA_TEST_KAFKA and AKTIVERA_TEST_POSTGRES (superuser) name servers that run."""
    given = environment()
    if "AKTIVERA_TEST_KAFKA" in given:
        return Infrastructure(given["AKTIVERA_TEST_KAFKA"], given["AKTIVERA_TEST_POSTGRES"], folder / "secrets")
    if given.get("AKTIVERA_TEST_INFRA") == "containers":
        from tests.containers import start_containers

        return await start_containers(folder)
    jars = await asyncio.to_thread(ensure_jars, ROOT / ".local" / "kafka" / "jars", dict(given), print)
    data = await asyncio.to_thread(place_for_data, folder / "data")
    nodes = Nodes(
        KafkaNode(data / "kafka", free_port(), free_port(), jars, find_java(given), dict(given)),
        PostgresNode(data / "postgres", free_port(), folder / "secrets", dict(given), WITHOUT_SYNC),
        folder / "log",
        data,
    )
    for name in ("kafka", "postgres"):
        await asyncio.to_thread(nodes.start, name)
    for name in ("kafka", "postgres"):
        await nodes.ready(name)
    return Infrastructure(nodes.kafka.bootstrap, nodes.postgres.superuser_dsn, folder / "secrets", nodes)


async def fetch(address: str, query: str, *arguments: Any) -> list[Any]:
    """Rows of one query on a connection of its own."""
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()
