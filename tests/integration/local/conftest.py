"""What these tests share: roots of their own, the repository's jars, and supervisors that are always ended."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aktivera.local import control
from aktivera.local.kafka import KafkaNode, ensure_jars, find_java
from aktivera.local.layout import Layout
from aktivera.local.ledger import entries
from aktivera.local.leftovers import end_leftovers
from aktivera.local.ports import free_port
from aktivera.local.postgres import PostgresNode
from aktivera.local.process_identity import Identity
from aktivera.local.process_spec import Probe, ProcessSpec
from aktivera.local.surroundings import base_environment, starter_environment

REPOSITORY = Path(__file__).resolve().parents[3]
BASE = base_environment(starter_environment())


@pytest.fixture(scope="session")
def jars() -> Path:
    return ensure_jars(REPOSITORY / ".local" / "kafka" / "jars", starter_environment(), print)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "root")
    made.create()
    return made


@pytest.fixture
async def supervisor(layout: Layout) -> AsyncIterator[Layout]:
    """A root with a supervisor that runs; whatever a test leaves of it is ended."""
    await control.launch(layout)
    yield layout
    await end_everything(layout)


@pytest.fixture
def kafka(tmp_path: Path, jars: Path) -> KafkaNode:
    return KafkaNode(tmp_path / "kafka", free_port(), free_port(), jars, find_java(BASE), BASE)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[PostgresNode]:
    node = PostgresNode(tmp_path / "postgres", free_port(), tmp_path / "secrets", BASE)
    yield node
    node.remove()


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        yield holder.getsockname()[1]


async def end_everything(layout: Layout) -> None:
    if control.is_running(layout):
        await asyncio.wait_for(control.stop(layout, print), 30)
    await end_leftovers(layout, print)


def listener(name: str, *, after: tuple[str, ...] = (), port: int | None = None) -> ProcessSpec:
    """A small process that is ready when its port answers, and says at each start when that was."""
    place = port or free_port()
    code = (
        "import socket, sys, time; print('born', time.monotonic(), flush=True); "
        f"s = socket.create_server(('127.0.0.1', {place}))\nwhile True: s.accept()[0].close()"
    )
    return ProcessSpec(
        name=name, command=(sys.executable, "-S", "-c", code), ready=Probe("tcp", place), env=BASE, after=after
    )


def births(layout: Layout, name: str) -> list[float]:
    """When the listener was started, each time."""
    lines = (layout.log / f"{name}.log").read_text().splitlines()
    return [float(line.split()[1]) for line in lines if line.startswith("born")]


def running(layout: Layout, name: str) -> Identity:
    """The process that the ledger names."""
    return next(entry.identity for entry in entries(layout.state_file) if entry.name == name)
