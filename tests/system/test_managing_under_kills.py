"""PROMISE: whatever sixteen people do to clients at once, and whoever is killed meanwhile, the rules hold."""

import asyncio
import random

import httpx
import pytest

from tests.eventually import eventually
from tests.system import checker
from tests.system.managed_clients import Callers, faults
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig
from tests.system.test_road import request

CALLERS = 16
KILLS = 5
BETWEEN_KILLS = 80  # answers that come between two kills
CLIENTS = 4


@pytest.fixture
def replicas() -> tuple[str, ...]:
    """Two of activation."""
    return ("onboarding", "activation", "activation", "notifier")


async def activated(rig: Rig) -> list[str]:
    """Clients that Karin has activated."""
    found = []
    async with httpx.AsyncClient(timeout=10, headers=rig.token("karin")) as http:
        for _, number in zip(range(CLIENTS), organisation_numbers(), strict=False):
            body = request(number, f"Bolag {number}", f"c{number}@example.se")
            answer = await http.post(f"{rig.url('onboarding')}/v1/clients", json=body)
            found.append(answer.json()["client_id"])

            async def click(client: str = found[-1]) -> bool:
                return (await http.post(f"{rig.url('activation')}/v1/activations/{client}/activate")).is_success

            await eventually(click, within=20)
    return found


@pytest.mark.timeout(300)
async def test_the_rules_hold_while_many_act_at_random_and_services_are_killed(rig: Rig) -> None:
    clients = await activated(rig)
    callers, stop = Callers(rig, clients, seed=11), asyncio.Event()
    acting = [asyncio.ensure_future(callers.act_until(stop)) for _ in range(CALLERS)]
    for _ in range(KILLS):
        before = callers.answered

        async def more(before: int = before) -> bool:
            return callers.answered >= before + BETWEEN_KILLS

        await eventually(more, within=60)
        victim = random.choice([each for each in rig.replicas if each.service == "activation"])
        rig.kill(victim)
        await rig.ready(rig.launch("activation", victim.port))
    stop.set()
    await asyncio.gather(*acting)

    await eventually(lambda: checker.settled(rig), within=90, every=0.5)
    assert await faults(rig, clients) == []
    assert callers.answers[200] > 50
    assert callers.answers[409] > 0
    assert 500 not in callers.answers
