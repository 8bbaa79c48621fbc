"""The faults of the soak: each takes place, is seen to have taken place, and is healed before it returns."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from random import Random

import asyncpg

from tests.eventually import eventually
from tests.faults.field import Field
from tests.faults.proxy import Proxy
from tests.infrastructure import fetch
from tests.system.rig import Replica

Injection = Callable[[Field, Random], Awaitable[None]]
STOP_SECONDS = 10.0
WAIT_SECONDS = 120.0  # a loop that hangs is ended by the watchdog after 60 s, and its session goes on for 10
SERVICES = ("onboarding", "activation", "notifier")
LOOPS = (
    *(f"consumer.{name}" for name in ("after_getmany", "after_apply", "after_offsets", "after_commit")),
    *(f"relay.{name}" for name in ("after_claim", "after_read", "after_some_acks", "after_acks")),
    *(f"unit_of_work.{name}" for name in ("before_commit", "after_commit")),
)
# One of two replicas may never have the relay's lease; an error in onboarding's own command is a 500 for the caller.
ARMED = {
    "consumer": SERVICES,
    "relay": ("onboarding", "notifier"),
    "unit_of_work": ("activation", "notifier"),
}
TABLES = {"onboarding": "clients", "activation": "activations", "notifier": "emails"}


async def _one(field: Field, chance: Random, service: str, *, listening: bool = False) -> Replica:
    """Any replica, one that is only starting among them; or one that listens and does not hang: it can end in order."""

    async def there() -> list[Replica]:
        found = field.replicas(service)
        if not listening:
            return found
        return [each for each in found if each.process.pid not in field.hanging and await field.rig.listens(each)]

    return chance.choice(await eventually(there, within=WAIT_SECONDS))


async def _exit(field: Field, service: str, before: int, within: float = WAIT_SECONDS) -> int:
    async def more() -> list[int]:
        return field.ended(service)[before:]

    return (await eventually(more, within))[0]


def _kill(service: str, number: signal.Signals, code: int, within: float) -> Injection:
    async def inject(field: Field, chance: Random) -> None:
        replica = await _one(field, chance, service, listening=code == 0)
        before = len(field.ended(service))
        replica.process.send_signal(number)
        assert await _exit(field, service, before, within) == code
        await asyncio.sleep(chance.uniform(1, 4))

    return inject


def _pause(service: str) -> Injection:
    async def inject(field: Field, chance: Random) -> None:
        replica = await _one(field, chance, service)
        replica.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(12, 18))
        assert state_of(replica.process.pid) == "T"
        replica.process.send_signal(signal.SIGCONT)

    return inject


def state_of(pid: int) -> str:
    """As ps shows it: T for a stopped process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def _silent(way: Callable[[Field], Proxy]) -> Injection:
    async def inject(field: Field, chance: Random) -> None:
        proxy = way(field)
        before = proxy.fired["black hole"]
        proxy.black_hole(*chance.choice([(), ("up",), ("down",)]))
        await eventually(lambda: _fired(proxy, "black hole", before), within=WAIT_SECONDS)
        await asyncio.sleep(chance.uniform(3, 12))
        proxy.heal()

    return inject


def _broken(way: Callable[[Field], Proxy], fault: str) -> Injection:
    async def inject(field: Field, chance: Random) -> None:
        proxy = way(field)
        for _ in range(3):
            again = partial(_fired, proxy, fault, proxy.fired[fault])
            if fault == "cut":
                proxy.cut_after(chance.randrange(10, 600))
            elif fault == "reset":
                await eventually(lambda: _connected(proxy), within=WAIT_SECONDS, every=0.01)
                proxy.reset()
            else:
                proxy.latency = chance.uniform(0.02, 0.1)
            await eventually(again, within=WAIT_SECONDS)
            await asyncio.sleep(chance.uniform(0.5, 2))
        proxy.heal()

    return inject


async def _fired(proxy: Proxy, fault: str, before: int) -> bool:
    return proxy.fired[fault] > before


async def _connected(proxy: Proxy) -> bool:
    return proxy.connections > 0


def _server_killed(name: str) -> Injection:
    async def inject(field: Field, chance: Random) -> None:
        nodes = field.servers.nodes
        await asyncio.to_thread(nodes.kill, name)
        await asyncio.sleep(chance.uniform(0, 5))
        await asyncio.to_thread(nodes.start, name)
        await nodes.ready(name)

    return inject


async def _broker_paused(field: Field, chance: Random) -> None:
    process = field.servers.nodes.running["kafka"]
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(chance.choice([5, 15, 30]))
    assert state_of(process.pid) == "T"
    process.send_signal(signal.SIGCONT)


async def _backend_killed(field: Field, chance: Random) -> None:
    async def backends() -> list[int]:
        rows = await fetch(
            field.servers.infra.superuser_dsn,
            "select pid from pg_stat_activity where application_name = any($1::text[])",
            list(SERVICES),
        )
        return [row["pid"] for row in rows]

    os.kill(chance.choice(await eventually(backends, within=WAIT_SECONDS)), signal.SIGKILL)
    await asyncio.sleep(1)
    await field.servers.nodes.ready("postgres")


async def _table_locked(field: Field, chance: Random) -> None:
    service = chance.choice(SERVICES)
    server = field.servers.infra.superuser_dsn.rpartition("/")[0]
    connection = await asyncpg.connect(f"{server}/{field.rig.databases[service].rpartition('/')[2]}")
    try:
        async with connection.transaction():
            await connection.execute(f"lock table {TABLES[service]} in access exclusive mode")
            await asyncio.sleep(chance.uniform(3, 12))
    finally:
        await connection.close()


async def _rebalance_storm(field: Field, chance: Random) -> None:
    for _ in range(4):
        number = chance.choice([signal.SIGKILL, signal.SIGTERM])
        replica = await _one(field, chance, "activation", listening=number is signal.SIGTERM)
        before = len(field.ended("activation"))
        replica.process.send_signal(number)
        assert await _exit(field, "activation", before, STOP_SECONDS) in {0, -9}
        await asyncio.sleep(chance.uniform(2, 5))


def _failpoint(mode: str) -> Injection:
    """A service starts anew with a failpoint armed, and comes to it under load."""

    async def inject(field: Field, chance: Random) -> None:
        name = chance.choice(LOOPS)
        service = chance.choice(ARMED[name.partition(".")[0]])
        log = field.rig.folder / f"{service}.log"
        seen = log.read_text(errors="replace").count("failpoint fired")
        before = len(field.ended(service))
        field.arming[service] = f"{name}:{mode}@{chance.randrange(1, 4)}"
        (await _one(field, chance, service)).process.kill()
        await _exit(field, service, before)

        async def fired() -> bool:
            return log.read_text(errors="replace").count("failpoint fired") > seen

        await eventually(fired, within=WAIT_SECONDS, every=0.3)

    return inject


WAYS: dict[str, Callable[[Field], Proxy]] = {
    "broker": lambda field: field.broker,
    "database": lambda field: field.database,
    "mail server": lambda field: field.mail,
}
FAULTS: dict[str, Injection] = {
    **{f"{each} killed": _kill(each, signal.SIGKILL, -9, WAIT_SECONDS) for each in SERVICES},
    **{f"{each} told to stop": _kill(each, signal.SIGTERM, 0, STOP_SECONDS) for each in SERVICES},
    **{f"{each} paused": _pause(each) for each in SERVICES},
    **{f"{name} silent": _silent(way) for name, way in WAYS.items()},
    **{f"{name} {kind}": _broken(way, kind) for name, way in WAYS.items() for kind in ("cut", "reset")},
    **{f"{name} slow": _broken(way, "latency") for name, way in WAYS.items()},
    "broker killed": _server_killed("kafka"),
    "broker paused": _broker_paused,
    "database crashed": _server_killed("postgres"),
    "database backend killed": _backend_killed,
    "table locked": _table_locked,
    "rebalance storm": _rebalance_storm,
    **{f"failpoint {mode}": _failpoint(mode) for mode in ("kill", "raise", "hang")},
}
