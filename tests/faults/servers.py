"""The servers of the fault tests: a Kafka and a Postgres of their own, and a proxy as the way to the broker."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from aktivera.local.kafka import KafkaNode, ensure_jars, find_java
from aktivera.local.ports import LOOPBACK, free_port
from aktivera.local.postgres import PostgresNode
from chassis.settings import environment
from tests.faults.proxy import Proxy
from tests.infrastructure import ROOT, WITHOUT_SYNC, Infrastructure, Nodes


@dataclass(frozen=True)
class ProxiedKafka(KafkaNode):
    """A node with one more listener, that tells its clients to come through the proxy."""

    inner_port: int = 0
    proxy_port: int = 0

    def prepare(self) -> None:
        super().prepare()
        text = self._settings_file.read_text()
        for before, after in (
            ("\nlisteners=", f"\nlisteners=PROXIED://{LOOPBACK}:{self.inner_port},"),
            ("advertised.listeners=", f"advertised.listeners=PROXIED://{LOOPBACK}:{self.proxy_port},"),
            ("protocol.map=", "protocol.map=PROXIED:PLAINTEXT,"),
        ):
            assert before in text
            text = text.replace(before, after)
        self._settings_file.write_text(text)


@dataclass
class Servers:
    """What is under the fault tests. Services go through `broker`, checkers by the straight way."""

    infra: Infrastructure
    nodes: Nodes
    broker: Proxy

    @property
    def proxied_kafka(self) -> str:
        return f"{LOOPBACK}:{self.broker.port}"

    async def stop(self) -> None:
        await self.broker.stop()
        await asyncio.to_thread(self.nodes.stop)


async def start(folder: Path) -> Servers:
    """Raises KafkaCannotRun, PostgresCannotRun where they are not to be had."""
    given = dict(environment())
    jars = await asyncio.to_thread(ensure_jars, ROOT / ".local" / "kafka" / "jars", given, print)
    inner = free_port()
    broker = await Proxy(inner).start()
    kafka = ProxiedKafka(folder / "kafka", free_port(), free_port(), jars, find_java(given), given, inner, broker.port)
    postgres = PostgresNode(folder / "postgres", free_port(), folder / "secrets", given, WITHOUT_SYNC)
    nodes = Nodes(kafka, postgres, folder / "log")
    for name in ("kafka", "postgres"):
        await asyncio.to_thread(nodes.start, name)
    for name in ("kafka", "postgres"):
        await nodes.ready(name)
    return Servers(Infrastructure(kafka.bootstrap, postgres.superuser_dsn, folder / "secrets", nodes), nodes, broker)


def through(address: str, proxy: Proxy) -> str:
    """A database address by way of a proxy."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{proxy.port}"))


def port_of(address: str) -> int:
    port = urlsplit(address).port
    assert port is not None
    return port
