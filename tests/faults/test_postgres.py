"""PROMISE: whatever the database does, services wait with bounds, come back without a restart, and keep every fact."""

import asyncio
import os
import signal
import time
from typing import Any

import asyncpg
import httpx
import pytest

from tests.eventually import eventually
from tests.faults import toy_checker
from tests.faults.proxy import DOWN, UP, Proxy
from tests.faults.servers import Servers, through
from tests.faults.test_processes import pause, whole
from tests.faults.toy_rig import ToyProcess, ToyRig, is_ready
from tests.infrastructure import fetch

RED_SECONDS = 10.0
SOAK = pytest.mark.soak


async def red(replica: ToyProcess) -> bool:
    return not await is_ready(replica)


async def alive(replica: ToyProcess) -> bool:
    async with httpx.AsyncClient(timeout=3) as client:
        return (await client.get(f"{replica.url}/health/live")).status_code == 200


async def as_superuser(servers: Servers, rig: ToyRig, *statements: str) -> None:
    server = servers.infra.superuser_dsn.rpartition("/")[0]
    connection = await asyncpg.connect(f"{server}/{database_of(rig)}")
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def database_of(rig: ToyRig) -> str:
    return rig.address.rpartition("/")[2]


async def test_postgres_may_crash_under_load(toy_rig: ToyRig, servers: Servers) -> None:
    """Once as a whole, and once because one of its backends is killed with -9."""
    async with toy_rig.kept():
        replica = toy_rig.launch()
        await toy_rig.ready(replica)
        writing = asyncio.ensure_future(toy_rig.write(range(30), pause=0.2))
        servers.nodes.kill("postgres")
        servers.nodes.start("postgres")
        await servers.nodes.ready("postgres")
        rows = await eventually(lambda: backends(toy_rig), within=20)
        os.kill(rows[0]["pid"], signal.SIGKILL)
        await toy_rig.add("a", "after the crash")
        await writing
        await whole(toy_rig)
        assert replica.exits == []
        log = (servers.nodes.logs / "postgres.log").read_text(errors="replace")
        assert "terminated by signal 9" in log


async def backends(rig: ToyRig) -> list[Any]:
    try:
        return await fetch(
            rig.address,
            "select pid from pg_stat_activity where datname = current_database() and application_name = 'toy'",
        )
    except (OSError, asyncpg.PostgresError) as error:
        raise AssertionError(repr(error)) from error


@pytest.mark.parametrize(
    "directions", [pytest.param((), marks=SOAK), (DOWN,), pytest.param((UP,), marks=SOAK)], ids=["both", "down", "up"]
)
async def test_a_silent_database_turns_readiness_red_in_10_s_and_is_used_again_when_it_speaks(
    directions: tuple[str, ...], toy_rig: ToyRig, database_proxy: Proxy
) -> None:
    toy_rig.service_database = through(toy_rig.address, database_proxy)
    async with toy_rig.kept():
        replica = toy_rig.launch(TOY_DATABASE_TIMEOUT_SECONDS="5")
        await toy_rig.ready(replica)
        writing = asyncio.ensure_future(toy_rig.write(range(30), pause=0.2))
        await pause(1)
        database_proxy.black_hole(*directions)
        await eventually(lambda: red(replica), within=RED_SECONDS)
        assert await alive(replica)
        started = time.monotonic()
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(f"{replica.url}/v1/tallies/a", headers={"Idempotency-Key": "silent"})
        assert answer.status_code == 503
        assert time.monotonic() - started < 20
        assert await alive(replica)
        assert database_proxy.fired["black hole"] > 0
        database_proxy.heal()
        await eventually(lambda: is_ready(replica), within=15)
        await toy_rig.add("a", "silent")
        await writing
        await whole(toy_rig)
        assert replica.exits == []


@SOAK
async def test_connections_that_are_reset_or_cut_are_replaced(toy_rig: ToyRig, database_proxy: Proxy) -> None:
    toy_rig.service_database = through(toy_rig.address, database_proxy)
    async with toy_rig.kept():
        replica = toy_rig.launch()
        await toy_rig.ready(replica)
        writing = asyncio.ensure_future(toy_rig.write(range(40), pause=0.15))
        database_proxy.latency = 0.05
        for number in range(6):
            await pause(0.8)
            if number % 2:
                database_proxy.reset()
            else:
                database_proxy.cut_after(150)
        await toy_rig.add("a", "reset")
        await writing
        await whole(toy_rig)
        assert min(database_proxy.fired[each] for each in ("reset", "cut", "latency")) > 0
        assert replica.exits == []


@SOAK
async def test_more_requests_than_connections_wait_with_bounds_behind_a_lock(toy_rig: ToyRig, servers: Servers) -> None:
    async with toy_rig.kept():
        replica = toy_rig.launch(TOY_DATABASE_CONNECTIONS="2")
        await toy_rig.ready(replica)
        blocker = await asyncpg.connect(toy_rig.address)
        await blocker.execute("set idle_in_transaction_session_timeout = 0")  # else a slow machine frees the lock
        blocking = blocker.transaction()
        await blocking.start()
        await blocker.execute("lock table tallies in access exclusive mode")
        await toy_rig.write(range(2))
        async with httpx.AsyncClient(timeout=40) as client:
            answers = await asyncio.gather(
                *(
                    client.post(f"{replica.url}/v1/tallies/l{number}", headers={"Idempotency-Key": f"l{number}"})
                    for number in range(12)
                )
            )
        assert {answer.status_code for answer in answers} == {503}
        assert all("retry-after" in answer.headers for answer in answers)
        assert await alive(replica)
        await blocking.rollback()
        await blocker.close()
        for number in range(12):
            await toy_rig.add(f"l{number}", f"l{number}")
        await whole(toy_rig)
        assert replica.exits == []


async def test_a_database_that_has_become_read_only_is_left_for_the_one_that_takes_writes(
    toy_rig: ToyRig, servers: Servers
) -> None:
    """As after a failover: the old sockets stay open, and behind them nothing can be written."""
    name = database_of(toy_rig)
    terminate = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' and usename = 'toy'"
    async with toy_rig.kept():
        replica = toy_rig.launch()
        await toy_rig.ready(replica)
        await as_superuser(servers, toy_rig, f"alter database {name} set default_transaction_read_only = on", terminate)
        await toy_rig.write(range(2))
        await eventually(lambda: waits_for(replica, "ReadOnlySQLTransactionError"), within=15)
        writable = f"alter database {name} set default_transaction_read_only = off"
        await as_superuser(servers, toy_rig, "set default_transaction_read_only = off", writable)
        await whole(toy_rig)
        assert replica.exits == []


async def waits_for(replica: ToyProcess, error: str) -> bool:
    return replica.said(error) > 1


async def test_a_database_rewound_to_a_minute_ago_reads_again_and_loses_no_event(
    toy_rig: ToyRig, servers: Servers
) -> None:
    """What was said since is said again: under the same ids where the outbox still had it, else by the same rules."""
    name = database_of(toy_rig)
    replica = toy_rig.launch()
    await toy_rig.ready(replica)
    await toy_rig.write(range(5))
    await eventually(lambda: toy_checker.settled(toy_rig), within=30)
    await ended(replica)
    await copy(servers, name, f"{name}_ago")
    replica.start()
    await toy_rig.ready(replica)
    await toy_rig.write(range(5))
    await eventually(lambda: toy_checker.settled(toy_rig), within=30)
    await ended(replica)
    await copy(servers, f"{name}_ago", name)
    assert toy_rig.sent["t0"] == 10
    rows = await fetch(toy_rig.address, "select total from tallies where tally = 't0'")
    assert rows[0]["total"] == 5  # the fault took place
    async with toy_rig.kept():
        replica.start()
        await toy_rig.ready(replica)
        await toy_rig.write(range(2))
        await eventually(lambda: toy_checker.settled(toy_rig), within=30)
        found = await toy_checker.faults(toy_rig)
    assert found
    assert all(": t" in fault and "said versions" in fault for fault in found)  # only what was said twice


async def ended(replica: ToyProcess) -> None:
    replica.send(signal.SIGTERM)
    assert await asyncio.to_thread(replica.running.wait, 12) == 0


async def copy(servers: Servers, source: str, target: str) -> None:
    connection = await asyncpg.connect(servers.infra.superuser_dsn)
    try:
        await connection.execute(f"drop database if exists {target} with (force)")
        await connection.execute(f"create database {target} template {source} owner toy_owner")
    finally:
        await connection.close()
