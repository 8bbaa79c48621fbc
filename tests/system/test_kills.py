"""PROMISE: nothing is lost and nothing happens twice, whatever is killed with -9 while clients come in."""

import asyncio
import random
from dataclasses import dataclass, field

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chassis.ids import uuid7
from chassis.settings import environment
from tests.eventually import eventually
from tests.infrastructure import Infrastructure, fetch
from tests.system import checker
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig
from tests.system.test_road import request

CLIENTS = int(environment().get("AKTIVERA_TEST_KILL_CLIENTS", "1000"))
FALL_IN_TURN = ("activation", "onboarding", "notifier", "postgres", "kafka") * 2


@dataclass
class Load:
    """Sends clients, half through the API and half as events, and remembers which were acknowledged."""

    rig: Rig
    acknowledged: list[str] = field(default_factory=list)
    sent: int = 0
    allowance: int = 0

    async def _turn(self) -> None:
        """Waits until one more may be sent, so that every kill falls among clients that come in."""
        await eventually(self._allowed, within=300)

    async def _allowed(self) -> bool:
        return self.sent < self.allowance

    async def by_api(self, numbers: list[str]) -> None:
        async with httpx.AsyncClient(timeout=8) as client:
            for number in numbers:
                await self._turn()
                await self._create(client, number)

    async def _create(self, client: httpx.AsyncClient, number: str) -> None:
        headers = self.rig.token("karin") | {"Idempotency-Key": f"kill-{number}"}
        body = request(number, f"Bolag {number}", f"c{number}@example.se")
        while True:
            try:
                answer = await client.post(f"{self.rig.url('onboarding')}/v1/clients", json=body, headers=headers)
            except (httpx.HTTPError, StopIteration):
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == 201:
                self.acknowledged.append(answer.json()["client_id"])
                self.sent += 1
                return
            assert answer.status_code in {409, 503}, answer.text
            if answer.status_code == 409:
                assert answer.json()["code"] == "idempotency_key_in_use", answer.text
            await asyncio.sleep(0.1)

    async def by_event(self, numbers: list[str]) -> None:
        producer: AIOKafkaProducer | None = None
        for number in numbers:
            await self._turn()
            body = request(number, f"Bolag {number}", f"c{number}@example.se") | {"agency": "byra-ett"}
            event = {
                "specversion": "1.0",
                "id": str(uuid7()),
                "source": "/upstream/demo",
                "type": "se.aktivera.onboarding.requested.v1",
                "data": body,
            }
            while True:
                try:
                    if producer is None:
                        producer = AIOKafkaProducer(bootstrap_servers=self.rig.common.kafka_bootstrap, acks="all")
                        await asyncio.wait_for(producer.start(), 5)
                    topic = self.rig.common.topic_prefix + "onboarding-requests"
                    await asyncio.wait_for(producer.send_and_wait(topic, orjson.dumps(event)), 5)
                    self.sent += 1
                    break
                except (KafkaError, TimeoutError, OSError):
                    if producer is not None:
                        with_deadline = asyncio.ensure_future(producer.stop())
                        await asyncio.wait([with_deadline], timeout=1)
                        with_deadline.cancel()
                        await producer.client.close()  # a stop that was cut off leaves its connections open
                    producer = None
                    await asyncio.sleep(0.2)
        if producer is not None:
            await producer.stop()


@pytest.fixture
def replicas() -> tuple[str, ...]:
    """Two of activation."""
    return ("onboarding", "activation", "activation", "notifier")


async def kill_in_turn(rig: Rig, infra: Infrastructure, load: Load) -> dict[str, int]:
    """Kills each service, Postgres and the broker twice, each while clients come in; answers what fell how often."""
    fired: dict[str, int] = {}
    for name in FALL_IN_TURN:
        before = load.sent
        load.allowance += CLIENTS // len(FALL_IN_TURN)
        await eventually(lambda b=before: _more(load, b), within=90)  # type: ignore[misc]
        if name in ("postgres", "kafka"):
            assert infra.nodes is not None
            infra.nodes.kill(name)
            infra.nodes.start(name)
            await infra.nodes.ready(name)
        else:
            replica = random.choice([each for each in rig.replicas if each.service == name])
            rig.kill(replica)
            await rig.ready(rig.launch(name, replica.port))
        fired[name] = fired.get(name, 0) + 1
    load.allowance = CLIENTS
    return fired


async def _more(load: Load, before: int) -> bool:
    return load.sent >= before + CLIENTS // len(FALL_IN_TURN) // 3


@pytest.mark.timeout(400)
async def test_a_thousand_clients_survive_the_kill_of_every_part(rig: Rig, infra: Infrastructure) -> None:
    if infra.nodes is None:
        pytest.skip("not run: the servers are not ours to kill")
    numbers = [number for _, number in zip(range(CLIENTS), organisation_numbers(), strict=False)]
    load = Load(rig)
    lanes = [numbers[lane::8] for lane in range(8)]
    killing = asyncio.ensure_future(kill_in_turn(rig, infra, load))
    await asyncio.gather(*(load.by_api(lane) if at % 2 else load.by_event(lane) for at, lane in enumerate(lanes)))
    fired = await killing
    assert fired == {"activation": 2, "onboarding": 2, "notifier": 2, "postgres": 2, "kafka": 2}
    await eventually(lambda: _all_stored(rig), within=60)
    await eventually(lambda: checker.settled(rig), within=90, every=0.5)
    found = await checker.check(rig, load.acknowledged)
    assert found.faults == []
    assert (found.clients, found.mails + found.unknown) == (CLIENTS, CLIENTS)
    print(f"kills {fired}; {found.clients} clients, {found.unknown} mails unknown, {found.repeated} events repeated")  # noqa: T201


async def _all_stored(rig: Rig) -> bool:
    rows = await fetch(rig.databases["onboarding"], "select count(*)::int as n from clients")
    assert rows[0]["n"] == CLIENTS, rows[0]["n"]
    return True
