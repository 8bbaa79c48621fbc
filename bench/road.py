"""The whole road as it is measured: three services, a mail server that takes all, and when each stage was seen."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from aktivera.local.ports import LOOPBACK, free_port
from bench.contestants.fast_sink import Sink, header
from bench.creates import lane
from bench.servers import PARTITIONS, Servers, database_of
from chassis.clock import system_clock
from chassis.ids import uuid7
from tests.eventually import eventually
from tests.integration.insights.running import Insights
from tests.integration.notifier.streaming import Reader
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig
from tests.system.test_road import request

LANES = 32
SETTLE_SECONDS = 60.0
ANSWER, CREATED, ROW, LISTED = "answer", "client.created in Kafka", "row in the list", "listed in Kafka"
MAIL, BELL = "mail", "bell's stream"
STAGES = (ANSWER, CREATED, ROW, LISTED, MAIL, BELL)
TOPICS = {"client-events": ("client.created", CREATED), "activation-events": ("activation.listed", LISTED)}

NOTED = """
create unlogged table noted (key text, at timestamptz);
create function note() returns trigger language plpgsql security definer as
  'begin insert into public.noted select client_id, clock_timestamp() from arrived; return null; end';
create trigger note after insert on activations referencing new table as arrived
  for each statement execute function note()"""


def moment() -> float:
    return system_clock().timestamp()


@dataclass
class Seen:
    """Wall-clock seconds by client, known by its organisation number: when it was meant to be sent, and each stage."""

    intended: dict[str, float] = field(default_factory=dict)
    stages: dict[str, dict[str, float]] = field(default_factory=lambda: {stage: {} for stage in STAGES})
    ids: dict[str, str] = field(default_factory=dict)
    """client id → organisation number"""

    def waits(self, stage: str) -> list[float]:
        """From the intended moment to the stage, of those that came so far."""
        return [at - self.intended[key] for key, at in self.stages[stage].items() if key in self.intended]


class Mails:
    """When each mail was taken; the recipient's local part names the client."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = {}

    def take(self, content: bytes) -> None:
        self.taken[header(content, b"To").split("@")[0]] = moment()

    async def served(self, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Sink(self.take, self.taken.__len__), LOOPBACK, port)


@dataclass
class Bell(Reader):
    """The stream of who creates the clients: when each client's item came, by the client's id. Where many come at once
    it says `resync` instead."""

    rung: dict[str, float] = field(default_factory=dict)
    resyncs: int = 0

    def _take(self, frame: str) -> None:
        before = len(self.events)
        super()._take(frame)
        for name, data in self.events[before:]:
            if name == "item":
                self.rung.setdefault(data["client_id"], moment())
            self.resyncs += name == "resync"


@dataclass
class Road:
    """What runs, and the numbers that no client has yet."""

    rig: Rig
    mails: Mails
    bell: Bell
    insights: Insights
    numbers: Iterator[str]

    async def most(self, clients: int) -> float:
        """Clients a second from the first request to the last mail, with as many requests at once as lanes."""
        begun = moment()
        seen = await self._sent(clients, lambda _: begun, spread=False)
        return clients / (max(seen.stages[MAIL].values()) - begun)

    async def open_loop(self, rate: float, seconds: float) -> Seen:
        """Requests at intended moments whatever comes back, so that a slow answer delays no later question."""
        begin = moment() + 0.5
        seen = Seen()
        topics = [self.rig.common.topic_prefix + topic for topic in TOPICS]
        places = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        async with AIOKafkaConsumer(bootstrap_servers=self.rig.common.kafka_bootstrap) as consumer:
            ends = await consumer.end_offsets(places)
        await self._sent(int(rate * seconds), lambda number: begin + number / rate, spread=True, seen=seen)
        await self._appended(seen, ends)
        await self._rows(seen)
        return seen

    async def _sent(self, clients: int, due: Callable[[int], float], *, spread: bool, seen: Seen | None = None) -> Seen:
        seen, resyncs = seen or Seen(), self.bell.resyncs
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        lanes = [asyncio.create_task(self._lane(queue, seen)) for _ in range(LANES)]
        for number in range(clients):
            key = next(self.numbers)
            seen.intended[key] = due(number)
            if spread and (early := seen.intended[key] - moment()) > 0:
                await asyncio.sleep(early)
            queue.put_nowait(key)
        for _ in lanes:
            queue.put_nowait(None)
        await asyncio.gather(*lanes)

        async def all_told() -> bool:
            mails, items = seen.intended.keys() - self.mails.taken.keys(), seen.ids.keys() - self.bell.rung.keys()
            assert not mails, f"{len(mails)} mails are missing"
            told = not items or self.bell.resyncs > resyncs
            assert told, f"{len(items)} items of the bell are missing; its stream ended: {self.bell.ended}"
            return True

        await eventually(all_told, within=SETTLE_SECONDS)
        seen.stages[MAIL] = {key: self.mails.taken[key] for key in seen.intended}
        seen.stages[BELL] = {key: self.bell.rung[id_] for id_, key in seen.ids.items() if id_ in self.bell.rung}
        return seen

    async def _lane(self, queue: "asyncio.Queue[str | None]", seen: Seen) -> None:
        port = next(each.port for each in self.rig.replicas if each.service == "onboarding")
        async with lane(port, self.rig.token("karin")) as create:
            while (key := await queue.get()) is not None:
                answer = await create(request(key, f"Bolag {key}", f"{key}@example.se"))
                seen.stages[ANSWER][key] = moment()
                seen.ids[answer["client_id"]] = key

    async def _appended(self, seen: Seen, since: dict[TopicPartition, int]) -> None:
        """Read when all is over: who reads along takes a tenth of the machine at half load."""
        consumer: Any = AIOKafkaConsumer(bootstrap_servers=self.rig.common.kafka_bootstrap)
        async with consumer:
            consumer.assign(list(since))
            for place, offset in since.items():
                consumer.seek(place, offset)
            ends = await consumer.end_offsets(list(since))
            left = sum(ends.values()) - sum(since.values())
            while left > 0:
                for records in (await consumer.getmany(timeout_ms=1000)).values():
                    left -= len(records)
                    for record in records:
                        self._note(seen, record)

    def _note(self, seen: Seen, record: Any) -> None:
        name, stage = TOPICS[record.topic.removeprefix(self.rig.common.topic_prefix)]
        event = orjson.loads(record.value)
        if event["type"].startswith(f"se.aktivera.{name}."):
            key = event["data"]["confirmation_email"].split("@")[0]
            seen.stages[stage].setdefault(key, record.timestamp / 1e3)

    async def _rows(self, seen: Seen) -> None:
        name = database_of(self.rig.databases["activation"])
        connection = await asyncpg.connect(self.rig.infra.superuser_dsn, database=name)
        try:
            for row in await connection.fetch("select key, at from noted"):
                if row["key"] in seen.ids:
                    seen.stages[ROW][seen.ids[row["key"]]] = row["at"].timestamp()
        finally:
            await connection.close()


async def stamped_by_the_broker(servers: Servers, topics: list[str]) -> None:
    """A record's timestamp is then the moment at which it was put into the log."""
    configs = {"message.timestamp.type": "LogAppendTime"}
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic, configs=configs) for topic in topics]
    client = AIOKafkaAdminClient(bootstrap_servers=servers.infra.kafka)
    await client.start()
    try:
        for answer in await client.alter_configs(resources):
            assert not any(code for code, *_ in answer.resources), answer
    finally:
        await client.close()


@asynccontextmanager
async def road(servers: Servers) -> AsyncIterator[Road]:
    """The three services, ready; insights does not run."""
    name = f"road{uuid7().hex[-8:]}-"
    folder = servers.folder / name
    (folder / "insights").mkdir(parents=True)
    rig = await Rig.build(servers.infra, name, folder, partitions=PARTITIONS)
    rig.ports["smtp"] = free_port()
    await stamped_by_the_broker(servers, [name + topic for topic in TOPICS])
    await servers.superuser(NOTED, database=database_of(rig.databases["activation"]))
    insights = Insights.of(rig.common, folder / "insights", gives_way=True)
    built = Road(rig, Mails(), Bell(rig.token("karin")), insights, organisation_numbers())
    server = await built.mails.served(rig.ports["smtp"])
    try:
        for service in ("onboarding", "activation", "notifier"):
            replica = await rig.start(service)
        await rig.directory()
        await built.bell.open(replica.port)
        await servers.settle()
        yield built
    finally:
        if built.insights.runs:
            built.insights.kill()
        await built.bell.close()
        await asyncio.to_thread(rig.stop)
        server.close()
        for dsn in rig.databases.values():
            await servers.drop(dsn)
