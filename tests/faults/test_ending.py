"""PROMISE: a service ends within 10 seconds of SIGTERM, also while its servers say nothing."""

import signal
from functools import partial

import pytest

from tests.eventually import eventually
from tests.faults.proxy import Proxy
from tests.faults.servers import Servers, through
from tests.faults.toy_rig import ToyProcess, ToyRig

STOP_SECONDS = 10.0
SOAK = pytest.mark.soak


@pytest.mark.parametrize("silent", [pytest.param("broker", marks=SOAK), pytest.param("database", marks=SOAK), "both"])
async def test_a_service_is_not_kept_from_its_end_by_silent_servers(
    silent: str, toy_rig: ToyRig, servers: Servers, database_proxy: Proxy
) -> None:
    """Would break: a farewell, a lease given back or a last commit that waits longer than anybody does."""
    ways = {"broker": [servers.broker], "database": [database_proxy], "both": [servers.broker, database_proxy]}[silent]
    before = {way: way.fired["black hole"] for way in ways}
    toy_rig.service_kafka = servers.proxied_kafka
    toy_rig.service_database = through(toy_rig.address, database_proxy)
    replica = toy_rig.launch()
    await toy_rig.ready(replica)
    await toy_rig.write(range(100))
    for way in ways:
        way.black_hole()
    await toy_rig.write(range(3))
    for way in ways:
        await eventually(partial(fell_silent, way, before[way]), within=20)
    replica.send(signal.SIGTERM)
    await eventually(lambda: ended(replica), within=STOP_SECONDS)
    assert replica.running.returncode == 0


async def fell_silent(way: Proxy, before: int) -> bool:
    return way.fired["black hole"] > before


async def ended(replica: ToyProcess) -> bool:
    return replica.running.poll() is not None
