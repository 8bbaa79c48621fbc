"""Servers of the fault tests' own, since they are killed, stopped and cut off; and toy services on them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from aktivera.local.kafka import KafkaCannotRun
from chassis.ids import uuid7
from chassis.settings import environment
from tests.faults import servers as servers_module
from tests.faults.proxy import Proxy
from tests.faults.servers import Servers, port_of
from tests.faults.toy_rig import ToyRig
from tests.infrastructure import Infrastructure
from tests.system.rig import Rig

Build = Callable[[], Awaitable[ToyRig]]


@pytest.fixture(scope="package")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    """Own nodes; where the run was given others, these tests are not run."""
    given = environment()
    if "AKTIVERA_TEST_KAFKA" in given or given.get("AKTIVERA_TEST_INFRA") == "containers":
        pytest.skip("not run: the servers are not ours to break")
    try:
        started = await servers_module.start(tmp_path_factory.mktemp("faults"))
    except KafkaCannotRun as reason:
        pytest.skip(f"not run: {reason}")
    yield started
    await started.stop()


@pytest.fixture
async def infra(servers: Servers) -> AsyncIterator[Infrastructure]:
    """The servers as they are reached the straight way; whole again after each test."""
    yield servers.infra
    servers.broker.heal()


@pytest.fixture
async def database_proxy(servers: Servers) -> AsyncIterator[Proxy]:
    proxy = await Proxy(port_of(servers.infra.superuser_dsn)).start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def build_toy(infra: Infrastructure, tmp_path: Path) -> AsyncIterator[Build]:
    """Builds toy rigs, each with its own database, topics and folder."""
    built: list[ToyRig] = []

    async def build() -> ToyRig:
        name = f"f{uuid7().hex[-10:]}-"
        (tmp_path / name).mkdir()
        rig = await ToyRig.build(infra, name, tmp_path / name)
        built.append(rig)
        return rig

    yield build
    for rig in built:
        rig.stop()


@pytest.fixture
async def toy_rig(build_toy: Build) -> ToyRig:
    return await build_toy()


@pytest.fixture
def stopping() -> Iterator[Callable[[Rig], Rig]]:
    """Takes rigs of the three services, and ends them after the test."""
    taken: list[Rig] = []

    def take(rig: Rig) -> Rig:
        taken.append(rig)
        return rig

    yield take
    for rig in taken:
        rig.stop()
