"""Two replicas of the consumer against one: both in the group before the events come."""

import asyncio

import asyncpg

from bench import events
from bench.goals import Goal, ratio
from bench.measuring import Measured, middle, watch_offsets
from bench.outcome import demanded, expectations, outcome
from bench.plots import Bar
from bench.processes import contestants
from bench.report import Part
from bench.servers import Servers, database_of
from bench.topics import members
from services.activation.__main__ import SERVICE
from tests.eventually import eventually

WARM = 2000
PIECE = 100_000


async def run(servers: Servers, quick: bool) -> Part:
    count, rounds = (10_000, 1) if quick else (PIECE, 4)
    results: dict[int, list[Measured]] = {1: [], 2: []}
    void: dict[int, str] = {}
    for number in range(rounds):
        for replicas in (1, 2) if number % 2 == 0 else (2, 1):
            measured, wrong = await _one(servers, replicas, count)
            results[replicas].append(measured)
            if wrong:
                void[replicas] = wrong
            print(f"round {number + 1}: {replicas} replicas: {measured.rate:.0f} events/s", flush=True)
    rates = {replicas: middle([run.rate for run in runs]) for replicas, runs in results.items()}
    part = Part(
        "replicas",
        "Two replicas of the consumer",
        f"{count:,} events, {rounds} rounds, the order turned round. All members have their partitions before the"
        " events are there: until the topic is filled, a lock keeps them from their offsets. Void unless the rows are"
        " left that the events demand.",
        ["| replicas | events/s, median (least–largest) | µs CPU/event: Python | Postgres |", "|---|---|---|---|"],
    )
    for replicas, runs in results.items():
        python, postgres = (
            middle([getattr(r, who) / r.events for r in runs])[0] * 1e6 for who in ("python", "postgres")
        )
        rate, least, largest = rates[replicas]
        part.table.append(f"| {replicas} | {rate:,.0f} ({least:,.0f}–{largest:,.0f}) | {python:.0f} | {postgres:.0f} |")
    part.plots = [("Events per second", [Bar(f"{n} replicas", *r, f"{r[0]:,.0f}/s", True) for n, r in rates.items()])]
    part.goals = [Goal("two replicas against one", 1.0, None if void else ratio(rates[2][0], rates[1][0]))]
    part.remarks = [f"{replicas} replicas: void: {reason}" for replicas, reason in void.items()]
    return part


async def _one(servers: Servers, replicas: int, count: int) -> tuple[Measured, str]:
    """What was measured, and what is wrong with what was left."""
    prefix = await servers.prefix("client-events", "agency-events")
    topic, kafka = f"{prefix}client-events", servers.infra.kafka
    clients: set[bytes] = set()
    events.fill(kafka, topic, events.noting(events.stream(WARM), clients))
    dsn = await servers.infra.database(SERVICE)
    gate = await asyncpg.connect(servers.infra.superuser_dsn, database=database_of(dsn))
    async with contestants(servers, "ours", prefix, dsn, replicas) as processes:

        async def together() -> bool:
            return await asyncio.to_thread(members, kafka, f"{prefix}activation") == replicas

        async def warm() -> bool:
            return bool(await gate.fetchval("select sum(next_offset) from consumer_offsets") == WARM)

        await eventually(together, within=60, every=0.3)
        await eventually(warm, within=60)
        await servers.settle()
        async with gate.transaction():
            await gate.execute("lock table consumer_offsets in access exclusive mode")
            await asyncio.to_thread(events.fill, kafka, topic, events.noting(events.stream(count, seed=2), clients))
        await gate.close()
        measured = await watch_offsets(servers, processes, dsn, WARM + count, WARM)
    wrong = expectations(await outcome(dsn), demanded(len(clients)))
    await servers.drop(dsn)
    return measured, wrong
