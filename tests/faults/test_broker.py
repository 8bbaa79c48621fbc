"""PROMISE: whatever the broker does, commands are answered, readiness stays green, and everything arrives after."""

import asyncio
import signal
from typing import Any

import httpx
import pytest

from chassis import kafka
from chassis.kafka import Clients
from chassis.produce import Ack, Lanes
from tests.eventually import eventually
from tests.faults.proxy import DOWN, UP, Proxy
from tests.faults.servers import Servers
from tests.faults.test_processes import pause, whole
from tests.faults.toy_rig import ToyProcess, ToyRig, is_ready

SOAK = pytest.mark.soak


async def answered_all_the_time(rig: ToyRig, replica: ToyProcess, seconds: float, name: str) -> int:
    """Commands and readiness, one after the other, for so long. Each must be right at once."""
    loop = asyncio.get_running_loop()
    until, count = loop.time() + seconds, 0
    async with httpx.AsyncClient(timeout=5) as client:
        while loop.time() < until:
            count += 1
            headers = {"Idempotency-Key": f"{name}-{count}"}
            answer = await client.post(f"{replica.url}/v1/tallies/{name}", headers=headers)
            assert answer.status_code == 200, answer.text
            rig.sent[name] += 1
            assert await is_ready(replica)
            await asyncio.sleep(0.1)
    return count


@pytest.mark.parametrize("seconds", [5, pytest.param(30, marks=SOAK), pytest.param(90, marks=SOAK)])
async def test_a_paused_broker_is_waited_for(toy_rig: ToyRig, servers: Servers, seconds: int) -> None:
    async with toy_rig.kept():
        replica = toy_rig.launch()
        await toy_rig.ready(replica)
        await toy_rig.write(range(3))
        servers.nodes.running["kafka"].send_signal(signal.SIGSTOP)
        try:
            assert await answered_all_the_time(toy_rig, replica, seconds, "a") > seconds
        finally:
            servers.nodes.running["kafka"].send_signal(signal.SIGCONT)
        await whole(toy_rig, within=60)
        assert replica.exits == []


@pytest.mark.parametrize("seconds", [pytest.param(10, marks=SOAK), pytest.param(90, marks=SOAK)])
async def test_a_broker_that_is_down_is_what_the_outbox_absorbs(
    toy_rig: ToyRig, servers: Servers, seconds: int
) -> None:
    async with toy_rig.kept():
        replica = toy_rig.launch()
        await toy_rig.ready(replica)
        await toy_rig.write(range(3))
        servers.nodes.kill("kafka")
        try:
            assert await answered_all_the_time(toy_rig, replica, seconds, "a") > seconds
        finally:
            servers.nodes.start("kafka")
        await servers.nodes.ready("kafka")
        await toy_rig.write(range(3))
        await whole(toy_rig, within=60)
        assert replica.exits == []


async def test_a_way_to_the_broker_that_is_slow_cut_and_reset_loses_nothing(toy_rig: ToyRig, servers: Servers) -> None:
    proxy = servers.broker
    before = proxy.fired.copy()
    toy_rig.service_kafka = servers.proxied_kafka
    async with toy_rig.kept():
        replica = toy_rig.launch()
        await toy_rig.ready(replica)
        writing = asyncio.ensure_future(toy_rig.write(range(50), pause=0.2))
        proxy.latency = 0.05
        for number in range(8):
            await pause(1)
            if number % 2:
                proxy.reset()
            else:
                proxy.cut_after(20 + 90 * number)
        await writing
        proxy.heal()
        await whole(toy_rig, within=60)
        assert min(proxy.fired[each] - before[each] for each in ("reset", "cut", "latency")) > 0
        assert replica.exits == []


@pytest.mark.soak
@pytest.mark.parametrize("directions", [(), (DOWN,), (UP,)], ids=["both", "down", "up"])
async def test_a_broker_behind_a_black_hole_is_waited_for(
    toy_rig: ToyRig, servers: Servers, directions: tuple[str, ...]
) -> None:
    proxy = servers.broker
    before = proxy.fired["black hole"]
    toy_rig.service_kafka = servers.proxied_kafka
    async with toy_rig.kept():
        replica = toy_rig.launch()
        await toy_rig.ready(replica)
        await toy_rig.write(range(3))
        await pause(1)
        proxy.black_hole(*directions)
        await answered_all_the_time(toy_rig, replica, 16, "a")
        assert proxy.fired["black hole"] > before
        proxy.heal()
        await toy_rig.write(range(3))
        await whole(toy_rig, within=60)
        assert replica.exits == []


@SOAK
async def test_two_replicas_of_which_one_is_cut_off_go_on_without_it(toy_rig: ToyRig, servers: Servers) -> None:
    proxy = servers.broker
    async with toy_rig.kept():
        toy_rig.service_kafka = servers.proxied_kafka
        cut_off: Any = toy_rig.launch()
        await toy_rig.ready(cut_off)
        toy_rig.service_kafka = ""
        await toy_rig.ready(toy_rig.launch())
        await toy_rig.write(range(5))
        proxy.black_hole()
        await toy_rig.write(range(5))
        await whole(toy_rig, within=40)
        proxy.heal()
        await toy_rig.write(range(5))
        await whole(toy_rig, within=60)


async def test_clients_that_are_given_up_while_the_broker_is_silent_leave_nothing_behind(
    toy_rig: ToyRig, servers: Servers
) -> None:
    common = toy_rig.common.model_copy(update={"kafka_bootstrap": servers.proxied_kafka})
    before, connections = asyncio.all_tasks(), servers.broker.connections
    lanes, readers = Lanes(Clients(), common), [kafka.consumer(common, "leaves"), kafka.reader(common)]
    for reader in readers:
        reader.subscribe([common.topic_prefix + "toy-totals"])
        await reader.start()
    rows = [(number, "toy-totals", f"t{number}", "{}", b"x") for number in range(20)]
    await lanes.send(rows, [None] * len(rows), alone=False)
    servers.broker.black_hole()
    acks: list[Ack | None] = [None] * len(rows)
    await lanes.send(rows, acks, alone=False)
    await pause(0.5)  # until it is on its way
    await asyncio.gather(lanes.abandon(), *(kafka.leave(reader) for reader in readers))
    for ack in acks:
        assert ack is not None
        assert not ack.done()
    left = {task.get_coro().__qualname__ for task in asyncio.all_tasks() - before}  # type: ignore[union-attr]  # these are coroutines
    assert {name for name in left if not name.startswith("Proxy.")} == set()
    servers.broker.heal()
    await eventually(lambda: no_more_than(servers.broker, connections), within=10)


async def no_more_than(proxy: Proxy, connections: int) -> bool:
    assert proxy.connections <= connections
    return True
