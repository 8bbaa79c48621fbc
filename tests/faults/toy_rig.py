"""The toy service as processes: started, started again when they end, written to, and asked what they made of it."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from aktivera.local.ports import free_port
from chassis import kafka
from chassis.settings import CommonSettings, environment
from tests.eventually import eventually
from tests.infrastructure import ROOT, Infrastructure
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer

START_SECONDS = 60.0
KEYS = tuple(f"t{number}" for number in range(7))


@dataclass(eq=False)
class ToyProcess:
    """One replica: its process changes when it is started again, its port and its log stay."""

    port: int
    log: Path
    settings: dict[str, str]
    arguments: list[str]
    failpoint: str = ""
    process: "subprocess.Popen[bytes] | None" = None
    exits: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None
        return self.process

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.faults.toy_service", *self.arguments]
        armed = {"AKTIVERA_FAILPOINT": self.failpoint} if self.failpoint else {}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.settings | armed, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def send(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    def said(self, word: str) -> int:
        return self.log.read_text(errors="replace").count(word)

    def lines(self, *words: str) -> list[str]:
        """What its log says with any of these words, for the report of a failure."""
        return [
            line for line in self.log.read_text(errors="replace").splitlines() if any(word in line for word in words)
        ]


@dataclass
class ToyRig:
    """A database and topics, and the replicas on them. `sent` counts what was written for each key."""

    common: CommonSettings
    address: str
    folder: Path
    replicas: list[ToyProcess] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    service_database: str = ""
    service_kafka: str = ""

    @classmethod
    async def build(cls, infra: Infrastructure, prefix: str, folder: Path, partitions: int = 3) -> "ToyRig":
        (folder / "held-key").write_text(base64.b64encode(os.urandom(32)).decode())
        common = CommonSettings(
            environment="test",
            kafka_bootstrap=infra.kafka,
            topic_prefix=prefix,
            topic_partitions=partitions,
            held_key_file=folder / "held-key",
        )
        await kafka.create_topics(common, [("toy-events", 1), ("toy-totals", 1)])
        (folder / "keys.json").write_text('{"keys": []}')
        return cls(common, await infra.database(toy.SERVICE), folder)

    def launch(self, *arguments: str, failpoint: str = "", **settings: str) -> ToyProcess:
        """Starts one more replica; with `failpoint` its first process is armed, those after it are not."""
        port = free_port()
        inherited = {key: value for key, value in environment().items() if not key.startswith("AKTIVERA_")}
        own = {
            "AKTIVERA_ENVIRONMENT": "test",
            "AKTIVERA_KAFKA_BOOTSTRAP": self.service_kafka or self.common.kafka_bootstrap,
            "AKTIVERA_TOPIC_PREFIX": self.common.topic_prefix,
            "AKTIVERA_HELD_KEY_FILE": str(self.folder / "held-key"),
            "AKTIVERA_TOKEN_KEYS_FILE": str(self.folder / "keys.json"),
            "TOY_DATABASE_DSN": self.service_database or self.address,
            "TOY_HTTP_PORT": str(port),
        }
        log = self.folder / f"toy-{len(self.replicas)}.log"
        replica = ToyProcess(port, log, inherited | own | settings, list(arguments), failpoint)
        replica.start()
        self.replicas.append(replica)
        return replica

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While the block lasts, what ends is started again, as a container engine would do it; then all ends."""
        keeping = asyncio.ensure_future(self._keep())
        try:
            yield
            assert not keeping.done(), keeping.exception()
        finally:
            keeping.cancel()
            self.stop()

    async def _keep(self) -> None:
        while True:
            for replica in self.replicas:
                code = replica.running.poll()
                if code is not None:
                    replica.exits.append(code)
                    replica.failpoint = ""
                    replica.start()
            await asyncio.sleep(0.1)

    def stop(self) -> None:
        for replica in self.replicas:
            replica.send(signal.SIGCONT)
            replica.send(signal.SIGKILL)
            replica.running.wait(10)

    async def ready(self, replica: ToyProcess) -> None:
        await eventually(lambda: is_ready(replica), within=START_SECONDS, every=0.2)

    async def write(self, rounds: Iterable[int], pause: float = 0.0, keys: Sequence[str] = KEYS) -> None:
        """One event for each key in each round, in order."""
        producer = kafka.producer(self.common)
        await producer.start()
        try:
            writer = Writer(producer, self.common.topic_prefix + "toy-events", dict(self.sent))
            for _ in rounds:
                for key in keys:
                    await writer.send(toy.AddedV1(tally=key))
                    self.sent[key] += 1
                await asyncio.sleep(pause)
        finally:
            await producer.stop()

    async def add(self, tally: str, key: str, within: float = 60.0) -> int:
        """One command, sent again with its key to any replica until it is answered."""

        async def once() -> int:
            for replica in self.replicas:
                try:
                    async with httpx.AsyncClient(timeout=4) as client:
                        headers = {"Idempotency-Key": key}
                        answer = await client.post(f"{replica.url}/v1/tallies/{tally}", headers=headers)
                except httpx.HTTPError:
                    continue
                assert answer.status_code in {200, 409, 500, 503}, answer.text
                if answer.status_code == 200:
                    return int(answer.json()["total"])
            return 0

        total = await eventually(once, within, every=0.2)
        self.sent[tally] += 1
        return total


async def is_ready(replica: ToyProcess) -> bool:
    async with httpx.AsyncClient(timeout=5) as client:
        try:
            return (await client.get(f"{replica.url}/health/ready")).status_code == 200
        except httpx.HTTPError as error:
            raise AssertionError(repr(error)) from error
