"""PROMISE: the model broker and its clients do as Kafka and aiokafka do: one set of tests, asked of both."""

from collections.abc import Awaitable, Callable

import pytest

from chassis import kafka
from chassis.settings import CommonSettings
from tests.infrastructure import Infrastructure
from tests.simulation.broker import Broker
from tests.simulation.chance import Chance
from tests.simulation.consumers import Consumer, leave
from tests.simulation.kafka_scenarios import PARTITIONS, SCENARIOS, Stand
from tests.simulation.producers import Producer, abandon
from tests.simulation.virtual import Process, VirtualLoop

Scenario = Callable[[Stand], Awaitable[None]]
scenarios = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
SEEDS = 20


@scenarios
async def test_kafka_does(scenario: Scenario, infra: Infrastructure, prefix: str) -> None:
    common = CommonSettings(
        environment="test", kafka_bootstrap=infra.kafka, topic_prefix=prefix, topic_partitions=PARTITIONS
    )
    await kafka.create_topics(common, [("toy-events", 1)])
    await scenario(Stand(kafka.Clients(), common))


@scenarios
def test_the_model_does(scenario: Scenario) -> None:
    for seed in range(SEEDS):
        play(scenario, seed)


def play(scenario: Scenario, seed: int) -> None:
    loop = VirtualLoop()
    common = CommonSettings(environment="test", topic_prefix="t-")
    broker = Broker(loop, Chance(seed), {"t-toy-events": PARTITIONS})
    process = Process(loop, "test")
    clients = kafka.Clients(
        lambda _, group: Consumer(broker, process, group),
        lambda _: Producer(broker, process),
        abandon,
        leave,
        Consumer.ask,
    )

    async def asked() -> None:
        await scenario(Stand(clients, common))

    try:
        loop.run_until_complete(process.spawn(asked()))
        assert loop.failures == []
    finally:
        loop.end()
