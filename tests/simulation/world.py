"""One history: replicas of the toy on a model database and a model broker, what befalls them, and how it ends."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from typing import Any

from chassis import batch, consumer, fold, kafka, pace, produce, relay, retrier
from chassis.consumer import Consumer
from chassis.db import Database
from chassis.heartbeats import Heartbeats
from chassis.relay import Relay
from chassis.retrier import Retrier
from chassis.seal import Seal
from chassis.service import Context
from chassis.settings import CommonSettings
from chassis.tokens import Tokens
from tests.integration.chassis import toy
from tests.simulation.broker import Broker
from tests.simulation.chance import Chance
from tests.simulation.connections import Pool
from tests.simulation.consumers import Consumer as ModelConsumer
from tests.simulation.consumers import leave
from tests.simulation.database import Server, Table, Transaction
from tests.simulation.producers import Producer, abandon
from tests.simulation.rows import TABLES, Lease
from tests.simulation.virtual import SERVER, Process, VirtualLoop
from tests.simulation.writer import EVENTS, Writer

TOTALS = "toy-totals"
SEAL = Seal(bytes(32))
REPLICAS = 2


class Quiet:
    """In place of a log: nobody reads it, but what should never be logged is kept."""

    def __init__(self) -> None:
        self.exceptions: list[str] = []

    def say(self, *_: Any, **__: Any) -> None:
        """Not kept."""

    debug = info = warning = error = say

    def exception(self, event: str, **_: Any) -> None:
        import traceback

        self.exceptions.append(f"{event}: {traceback.format_exc(limit=-4)}")


QUIET = Quiet()
SCALED = (
    (kafka, "SESSION_MS", 6000),
    (relay, "POLL_SECONDS", 0.5),
    (consumer, "POLL_MS", 2000),
    (pace, "SELDOM_SECONDS", 2.0),
    (relay, "LONGEST_POLL_SECONDS", 1.0),
)
"""Idle loops cost time and tell nothing: they look around less often, and the broker's shortest session is enough."""


@contextmanager
def stage() -> Iterator[None]:
    """What all schedules have in common: no logs, and the times of `SCALED`."""
    changes: list[tuple[Any, str, Any]] = [*SCALED, (relay, "ROWS", relay.ROWS), (produce, "FEW", produce.FEW)]
    changes += [(module, "log", QUIET) for module in (batch, consumer, fold, relay, retrier)]
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    for module, name, value in changes:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        toy.FAULTS.clear()


@lru_cache
def _settings(batch_events: int, relay_gathering: float) -> toy.ToySettings:
    return toy.ToySettings(database_dsn="model", batch_events=batch_events, relay_gathering_seconds=relay_gathering)


@lru_cache
def _common() -> tuple[CommonSettings, Tokens]:
    made = CommonSettings(environment="test")
    return made, Tokens(made)


class Replica:
    """One process of the toy: consumer, relay and retrier on connections and clients of its own."""

    def __init__(self, world: "World", number: int) -> None:
        self.process = Process(world.loop, f"toy {number}")
        self.producers: list[Producer] = []
        self.stop: asyncio.Event | None = None
        self._world = world
        self.process.spawn(self._run())

    async def _run(self) -> None:
        context = self._world.context(self.process, self.producers)
        self.stop = stop = asyncio.Event()
        self.consumer = Consumer(context, context.subscriptions)
        work = Retrier(context.database, context.subscriptions, toy.CATALOGUE, SEAL)
        retries = self.process.spawn(work.run(context.heartbeats))
        loops = [self.process.spawn(self.consumer.run(stop)), self.process.spawn(Relay(context).run(stop))]
        for task in (retries, *loops):
            task.add_done_callback(self._ended)
        await asyncio.wait(loops)
        retries.cancel()
        self._world.gone(self)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self._world.wrong.append(f"a loop ended: {task.exception()!r}")


class Watch:
    """Sees each row that is committed, and says what no rest at the end could show."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._sender = ""

    def __call__(self, transaction: Transaction, table: Table, key: Any, row: Any) -> None:
        if table.name == "relay_lease" and row.until is not None:
            self._sender = transaction.owner
        elif table.name == "outbox" and row is None:
            until = self._world.server.tables["relay_lease"].rows["outbox"].until
            if transaction.owner != self._sender or until is None or until < self._world.server.now():
                self._world.wrong.append(f"{transaction.owner} removed a row without the lease")
        elif table.name == "consumer_offsets":
            before = table.rows.get(key)
            if before is not None and row.next_offset < before.next_offset:
                self._world.wrong.append(f"{transaction.owner} went back from {before} to {row.next_offset}")


class World:
    """Everything of one schedule. `faults` counts what may be a reason to do something twice."""

    def __init__(self, seed: int) -> None:
        self.loop = VirtualLoop()
        self.chance = chance = Chance(seed)
        chance.rarely = chance.choice((0.01, 0.03, 0.1, 0.2))
        random.seed(seed)
        self.server = Server(self.loop, chance, TABLES)
        self.server.put("relay_lease", "outbox", Lease("outbox", None, 0, None))
        self.server.watches.append(Watch(self))
        self.broker = Broker(self.loop, chance, {EVENTS: chance.randint(2, 3), TOTALS: 3})
        self.writer = Writer(self.broker)
        self.operator = Process(self.loop, "operator")
        self.wrong: list[str] = []
        self.faults = 0
        self.replicas: list[Replica] = []
        self._number = 0
        self._settings = _settings(chance.choice((1, 3, 2000)), chance.choice((0.0, 0.015)))
        relay.ROWS = chance.choice((1, 2, 5, 4000))
        produce.FEW = chance.choice((0, 1, 2, 8))
        toy.FAULTS.clear()
        QUIET.exceptions.clear()
        for _ in range(REPLICAS):
            self.start()

    def context(self, process: Process, producers: list[Producer]) -> Context:
        """What a process has open, on the models."""
        common, tokens = _common()

        def producer(_: CommonSettings) -> Producer:
            made = Producer(self.broker, process)
            producers.append(made)
            return made

        pool: Any = Pool(self.server, process)
        clients = kafka.Clients(
            lambda _, group: ModelConsumer(self.broker, process, group), producer, abandon, leave, ModelConsumer.ask
        )
        database = Database(pool, "toy", toy.CATALOGUE, self.server.now)
        return Context(toy.SERVICE, common, self._settings, database, tokens, Heartbeats(), SEAL, clients)

    def start(self) -> None:
        self._number += 1
        self.replicas.append(Replica(self, self._number))

    def gone(self, replica: Replica) -> None:
        """It has ended in order; another takes its place."""
        if replica in self.replicas:
            self.replicas.remove(replica)
            self.loop.call_later(1.0, self.start, context=SERVER)

    def run(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def _one(self, at: int) -> Replica | None:
        running = [each for each in self.replicas if not each.process.paused]
        return running[at % len(running)] if running else None

    def strike(self, at: int, operations: int, how: str, seconds: float) -> None:
        """The n-th operation from now on of one replica is its last, or its last for a while, or is not answered."""
        replica = self._one(at)
        if replica is not None:
            befalls = {"kill": self._kill, "pause": self._pause, "cut": self._cut, "stop": self._stop}[how]
            replica.process.on_fuse = partial(befalls, replica, seconds)
            replica.process.fuse = operations

    def stall(self, seconds: Sequence[float]) -> None:
        """All replicas stand still, each for its own time."""
        for replica, length in zip(self.replicas, seconds, strict=False):
            self._pause(replica, length)

    def _kill(self, replica: Replica, seconds: float) -> None:
        if replica not in self.replicas:
            return
        self.faults += 1
        self.replicas.remove(replica)
        connections = [each for each in self.server.connections if each.process is replica.process]
        replica.process.kill()
        noticed = self.chance.random() * 0.5 if self.chance.random() < 0.5 else 0.0
        for connection in connections:
            self.loop.call_later(noticed, connection.release, context=SERVER)
        for producer in replica.producers:
            producer.drop()
        self.broker.silent(replica.process)
        self.loop.call_later(seconds, self.start, context=SERVER)

    def _pause(self, replica: Replica, seconds: float) -> None:
        if replica not in self.replicas or replica.process.paused:
            return
        self.faults += 1
        replica.process.pause()
        self.broker.silent(replica.process)
        self.loop.call_later(seconds, self._resume, replica, context=SERVER)

    @staticmethod
    def _resume(replica: Replica) -> None:
        if replica.process.paused:
            replica.process.resume()

    def _cut(self, replica: Replica, _: float) -> None:
        self.faults += 1
        for connection in [each for each in self.server.connections if each.process is replica.process]:
            connection.cut()

    def _stop(self, replica: Replica, _: float) -> None:
        if replica.stop is not None:
            self.faults += 1
            replica.stop.set()

    def database_away(self, seconds: float) -> None:
        self.faults += 1
        self.server.crash()
        self.loop.call_later(seconds, setattr, self.server, "away", False, context=SERVER)

    def broker_away(self, seconds: float) -> None:
        if not self.broker.away:
            self.faults += 1
            self.broker.away = True
            self.loop.call_later(seconds, self._broker_back, context=SERVER)

    def _broker_back(self) -> None:
        if self.broker.away:
            self.broker.back()

    def late_acknowledgements(self, seconds: float, lasting: float) -> None:
        self.faults += 1
        self.broker.late = seconds
        self.loop.call_later(lasting, setattr, self.broker, "late", 0.0, context=SERVER)

    def slow(self, times: float) -> None:
        self.faults += 1
        self.chance.slow = times
        self.loop.call_later(2.0, setattr, self.chance, "slow", 1.0, context=SERVER)

    def heal(self) -> None:
        """All faults end, bugs are mended, what is missing is written."""
        self.chance.slow, self.broker.late, self.server.away = 1.0, 0.0, False
        self._broker_back()
        for replica in list(self.replicas):
            replica.process.fuse = 0
            self._resume(replica)
        toy.FAULTS.clear()
        self.writer.complete()

    def end(self) -> None:
        """Nothing of this schedule goes on."""
        for replica in self.replicas:
            replica.process.kill()
        self.operator.kill()
        with suppress(RuntimeError):
            self.loop.end()
        toy.FAULTS.clear()
