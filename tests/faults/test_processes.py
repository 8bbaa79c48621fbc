"""PROMISE: paused, killed, skewed or crowded processes of a service never double, lose or disorder anything."""

import asyncio
import random
import signal
from typing import Any

import orjson
import pytest

from tests.eventually import eventually
from tests.faults import toy_checker
from tests.faults.poison import poison, retry_all, stopped_by_the_breaker
from tests.faults.toy_rig import ToyRig
from tests.infrastructure import fetch
from tests.integration.chassis.running import everything

PAUSED_SECONDS = 16.0  # three leases, and more than the group's session


async def epoch(rig: ToyRig) -> int:
    rows: list[Any] = await fetch(rig.address, "select epoch from relay_lease where name = 'outbox'")
    return int(rows[0]["epoch"])


async def pause(seconds: float) -> None:
    """A fault lasts as long as it lasts; nothing is waited for here."""
    await asyncio.sleep(seconds)


async def whole(rig: ToyRig, within: float = 45.0) -> None:
    await eventually(lambda: toy_checker.settled(rig), within=within, every=0.3)
    assert await toy_checker.faults(rig) == []


async def test_a_process_paused_past_its_lease_and_session_comes_back_and_harms_nothing(toy_rig: ToyRig) -> None:
    async with toy_rig.kept():
        first = toy_rig.launch()
        await toy_rig.ready(first)
        await toy_rig.write(range(3))
        await eventually(lambda: toy_checker.settled(toy_rig), within=30)
        second = toy_rig.launch()
        await toy_rig.ready(second)
        before = await epoch(toy_rig)
        writing = asyncio.ensure_future(toy_rig.write(range(60), pause=0.25))
        first.send(signal.SIGSTOP)
        await pause(PAUSED_SECONDS)
        assert await epoch(toy_rig) > before  # the fault took place: another one sends now
        first.send(signal.SIGCONT)
        await writing
        await whole(toy_rig)
        assert (first.exits, second.exits) in (([], []), ([70], []))  # a watchdog may find that it slept


@pytest.mark.soak
async def test_the_clocks_of_two_replicas_may_be_two_hours_apart(toy_rig: ToyRig) -> None:
    async with toy_rig.kept():
        ahead = toy_rig.launch("--clock", "3600")
        behind = toy_rig.launch("--clock", "-3600")
        for replica in (ahead, behind):
            await toy_rig.ready(replica)
        await toy_rig.write(range(10), pause=0.1)
        ahead.send(signal.SIGKILL)
        await toy_rig.write(range(10), pause=0.1)
        await whole(toy_rig)
        assert ahead.exits == [-9]
        said = [orjson.loads(value or b"")["time"] for _, value in await everything(toy_rig.common, "toy-totals")]
        assert max(said)[:13] != min(said)[:13]  # the fault took place


@pytest.mark.parametrize(
    "seconds", [pytest.param(12, marks=pytest.mark.soak), pytest.param(120, marks=pytest.mark.soak)]
)
async def test_members_that_come_and_go_all_the_time_lose_and_double_nothing(toy_rig: ToyRig, seconds: int) -> None:
    chance = random.Random(7)
    async with toy_rig.kept():
        await toy_rig.ready(toy_rig.launch())
        restless = toy_rig.launch()
        writing = asyncio.ensure_future(toy_rig.write(range(seconds * 2), pause=0.4))
        rounds = 0
        while not writing.done():
            await pause(chance.uniform(3, 6))
            restless.send(chance.choice([signal.SIGKILL, signal.SIGTERM]))
            rounds += 1
        await writing
        await whole(toy_rig, within=60)
        assert len(restless.exits) >= min(rounds, 3)
        assert set(restless.exits) <= {0, -9}


async def test_a_hot_key_keeps_its_order_and_the_others_are_handled_beside_it(toy_rig: ToyRig) -> None:
    await toy_rig.write(range(900), keys=["hot"])
    await toy_rig.write(range(1))
    async with toy_rig.kept():
        await toy_rig.ready(toy_rig.launch())
        await whole(toy_rig, within=30)


async def test_a_bad_deploy_that_fails_on_a_third_stops_and_the_mended_one_loses_nothing(toy_rig: ToyRig) -> None:
    async with toy_rig.kept():
        broken = toy_rig.launch("--broken")
        await toy_rig.ready(broken)
        await poison(toy_rig, events=900, every=3)
        await eventually(lambda: stopped_by_the_breaker(broken), within=40, every=0.3)
        held = await fetch(toy_rig.address, "select count(*)::int as n from held_events where settled_at is null")
        assert held[0]["n"] <= 3 * 40  # what the breaker lets through in each partition
        broken.arguments.clear()
        broken.send(signal.SIGTERM)
        await eventually(lambda: stopped(broken), within=15)
        await retry_all(toy_rig)
        await whole(toy_rig)


async def stopped(replica: Any) -> bool:
    return bool(replica.exits)
