"""The three services under load, each of their ways through a proxy; what ends is started again."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import cast

from chassis.ids import uuid7
from tests.eventually import eventually
from tests.faults.proxy import Proxy
from tests.faults.servers import Servers, port_of, through
from tests.system.numbers import organisation_numbers
from tests.system.rig import READY_SECONDS, Replica, Rig
from tests.system.test_kills import Load

LANES = 6
AHEAD = 60  # what has piled up during a fault comes at once after it, but not more than that
START = ("onboarding", "activation", "activation", "notifier")


@dataclass
class Field:
    """What a fault may touch. `exits` are the processes that ended, as (service, code). `hanging`: the ids of those who
    hang at some time and are ended by the watchdog then: they end in no other order."""

    rig: Rig
    servers: Servers
    database: Proxy
    mail: Proxy
    load: Load
    exits: list[tuple[str, int]] = field(default_factory=list)
    arming: dict[str, str] = field(default_factory=dict)
    hanging: set[int] = field(default_factory=set)

    @property
    def broker(self) -> Proxy:
        return self.servers.broker

    def replicas(self, service: str) -> list[Replica]:
        return [each for each in self.rig.replicas if each.service == service and each.process.poll() is None]

    def ended(self, service: str) -> list[int]:
        return [code for name, code in self.exits if name == service]

    async def feed(self, per_second: float, stop: asyncio.Event) -> None:
        """Clients at a steady rate until `stop`, half through the API and half as events; ends when all are in."""
        numbers = cast("list[str]", takewhile(lambda _: not stop.is_set(), organisation_numbers()))
        lanes = [self.load.by_api(numbers) if lane % 2 else self.load.by_event(numbers) for lane in range(LANES)]
        letting = asyncio.ensure_future(self._let(per_second, stop))
        await asyncio.gather(letting, *lanes)

    async def _let(self, per_second: float, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.load.allowance = min(self.load.allowance + 1, self.load.sent + AHEAD)
            await asyncio.sleep(1 / per_second)
        self.load.allowance = self.load.sent + 2 * LANES  # what the lanes have begun

    async def keep(self) -> None:
        """Until cancelled: starts again what ended, armed where a fault asked for it."""
        while True:
            for replica in list(self.rig.replicas):
                code = replica.process.poll()
                if code is not None:
                    self.rig.replicas.remove(replica)
                    self.exits.append((replica.service, code))
                    armed = self.arming.pop(replica.service, "")
                    settings = {"AKTIVERA_FAILPOINT": armed} if armed else {}
                    started = self.rig.launch(replica.service, replica.port, **settings)
                    if ":hang" in armed:
                        self.hanging.add(started.process.pid)
            await asyncio.sleep(0.1)

    def heal(self) -> None:
        for proxy in (self.broker, self.database, self.mail):
            proxy.heal()

    async def ready(self) -> None:
        """All that run by then: the last fault may end one that is started again meanwhile."""

        async def all_ready() -> bool:
            return all([await self.rig.is_ready(replica) for replica in list(self.rig.replicas)])

        await eventually(all_ready, within=READY_SECONDS)


@asynccontextmanager
async def field_of(servers: Servers, folder: Path, start: tuple[str, ...] = START) -> AsyncIterator[Field]:
    """Everything runs and is ready; ends it all afterwards."""
    rig = await Rig.build(servers.infra, f"s{uuid7().hex[-10:]}-", folder)
    database = await Proxy(port_of(servers.infra.superuser_dsn)).start()
    rig.start_mail()
    mail = await Proxy(rig.ports["smtp"]).start()
    rig.settings = {
        f"{service.upper()}_DATABASE_DSN": through(address, database) for service, address in rig.databases.items()
    } | {"AKTIVERA_KAFKA_BOOTSTRAP": servers.proxied_kafka, "NOTIFIER_SMTP_PORT": str(mail.port)}
    built = Field(rig, servers, database, mail, Load(rig))
    keeping: asyncio.Future[None] | None = None
    try:
        for replica in [rig.launch(service) for service in start]:
            await rig.ready(replica)
        await rig.directory()
        keeping = asyncio.ensure_future(built.keep())
        yield built
        assert not keeping.done(), keeping.exception()
    finally:
        if keeping is not None:
            keeping.cancel()
        built.heal()
        for replica in rig.replicas:
            replica.process.send_signal(signal.SIGCONT)
        await asyncio.to_thread(rig.stop)
        for proxy in (database, mail):
            await proxy.stop()
