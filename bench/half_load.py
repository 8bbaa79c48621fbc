"""Latency at half load: events at fixed intended moments, through consumer, outbox and relay, seen again in Kafka."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from statistics import median, quantiles
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench import events
from bench.goals import Goal
from bench.plots import Bar
from bench.processes import contestants
from bench.report import Part
from bench.servers import PARTITIONS, Servers, database_of
from bench.topics import length
from chassis import kafka
from chassis.clock import system_clock
from chassis.ids import uuid7
from services.activation.__main__ import SERVICE

LISTED = "activation-events"
CREATED = "client-events"


@dataclass
class Seen:
    """Wall-clock seconds by client: when it was meant to be sent, acknowledged, listed, in the outbox, and seen."""

    intended: dict[bytes, float] = field(default_factory=dict)
    acknowledged: dict[bytes, float] = field(default_factory=dict)
    listed: dict[bytes, float] = field(default_factory=dict)
    stored: dict[bytes, float] = field(default_factory=dict)
    seen: dict[bytes, float] = field(default_factory=dict)


async def run(servers: Servers, quick: bool) -> Part:
    backlog, seconds, floors = (5_000, 4.0, 50) if quick else (40_000, 20.0, 300)
    floor = await one_after_the_other(servers, floors)
    prefix = await servers.prefix(CREATED, "agency-events", LISTED)
    dsn = await servers.infra.database(SERVICE)
    await servers.superuser(_NOTED, database=database_of(dsn))
    await servers.settle()
    async with contestants(servers, "ours", prefix, dsn, relay=True):
        most = await _most(servers, prefix, backlog)
        seen = await _open_loop(servers, prefix, most / 2, seconds)
    await _read_noted(servers, dsn, seen)
    await servers.drop(dsn)
    return _report(floor, most, seen)


async def _read_noted(servers: Servers, dsn: str, seen: Seen) -> None:
    connection = await asyncpg.connect(servers.infra.superuser_dsn, database=database_of(dsn))
    try:
        for row in await connection.fetch("select key, at from noted"):
            seen.stored[row["key"].encode()] = row["at"].timestamp()
    finally:
        await connection.close()


async def one_after_the_other(servers: Servers, count: int) -> list[float]:
    """One produce (acks=all), one consume and one commit after the other on idle servers."""
    prefix = await servers.prefix(LISTED)
    topic = prefix + LISTED
    producer = kafka.producer(servers.common(prefix))
    connection = await asyncpg.connect(await servers.infra.database(SERVICE))
    took = []
    async with AIOKafkaConsumer(topic, bootstrap_servers=servers.infra.kafka, auto_offset_reset="earliest") as consumer:
        await producer.start()
        for number in range(count + 20):
            message = events.created(number)
            started = time.perf_counter()
            await connection.execute("insert into seen_versions values ('floor', $1, 1, $1)", str(uuid7()))
            await producer.send_and_wait(topic, message.value, key=message.key)
            await consumer.getone()
            took.append(time.perf_counter() - started)
        await producer.stop()
    await connection.close()
    return took[20:]


async def _most(servers: Servers, prefix: str, backlog: int) -> float:
    """Events per second from a backlog to their answers in Kafka, the first tenth left out."""
    events.fill(servers.infra.kafka, prefix + CREATED, (events.created(number) for number in range(backlog)))
    start, first = 0.0, 0
    async with length(servers.infra.kafka, prefix + LISTED) as ends:
        until = time.perf_counter() + 120
        while time.perf_counter() < until:
            there = await ends()
            if not start and there >= backlog // 10:
                start, first = time.perf_counter(), there
            if there >= backlog:
                return (backlog - first) / (time.perf_counter() - start)
            await asyncio.sleep(0.01)
    raise TimeoutError(f"{there} of {backlog} came through")


async def _open_loop(servers: Servers, prefix: str, rate: float, seconds: float) -> Seen:
    """Sends at intended moments whatever comes back, so that a slow answer delays no later question."""
    seen, total = Seen(), int(rate * seconds)
    watching = asyncio.create_task(_watch(servers, prefix, seen))
    await asyncio.sleep(1.0)
    producer = kafka.producer(servers.common(prefix))
    await producer.start()
    begin = system_clock().timestamp() + 0.2
    sent = 0
    while sent < total:
        due = min(total, int((system_clock().timestamp() - begin) * rate))
        for number in range(sent, due):
            message = events.created(number)
            seen.intended[message.key] = begin + number / rate
            ack = await producer.send(prefix + CREATED, message.value, key=message.key, headers=list(message.headers))
            ack.add_done_callback(partial(_note, seen.acknowledged, message.key))
        sent = max(sent, due)
        await asyncio.sleep(0.001)
    await producer.flush()
    until = time.perf_counter() + 30
    while len(seen.seen) < total and time.perf_counter() < until:  # noqa: ASYNC110  # it counts, it does not wait for one thing
        await asyncio.sleep(0.05)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await producer.stop()
    return seen


def _note(times: dict[bytes, float], key: bytes, _: object) -> None:
    times[key] = system_clock().timestamp()


async def _watch(servers: Servers, prefix: str, seen: Seen) -> None:
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=servers.infra.kafka, fetch_max_wait_ms=100)
    async with consumer:
        consumer.assign([TopicPartition(prefix + LISTED, number) for number in range(PARTITIONS)])
        await consumer.seek_to_end()
        while True:
            got = await consumer.getmany(timeout_ms=100)
            now = system_clock().timestamp()
            for records in got.values():
                for record in records:
                    seen.seen.setdefault(record.key, now)
                    listed = orjson.loads(record.value)["data"]["listed_at"]
                    seen.listed.setdefault(record.key, datetime.fromisoformat(listed).timestamp())


def _report(floor: Sequence[float], most: float, seen: Seen) -> Part:
    through = [key for key in seen.intended if key in seen.seen]
    whole = [seen.seen[key] - seen.intended[key] for key in through]
    handled = [seen.seen[key] - seen.listed[key] for key in through]
    added = [seen.seen[key] - seen.stored[key] for key in through]
    direct = [seen.acknowledged[key] - seen.intended[key] for key in through]
    part = Part(
        "half-load",
        "Latency at half load",
        f"A service (consumer and relay in one process) gets {most / 2:,.0f} events/s, half of the {most:,.0f}/s that"
        " it handled and relayed from a backlog in this run; open loop, each event timed from its intended moment."
        " Outbox and relay: from the moment at which the answer's row is written, before the commit, until it is"
        " read from Kafka; a trigger notes that moment, at our expense. Direct produce is what the sender of the"
        " load sees itself, from the intended moment to the acknowledgement: without outbox and relay an event would"
        " take that at this load. The floor is one commit, one produce with acks=all and one consume, one after the"
        " other on idle servers.",
        ["| | p50 ms | p99 ms | max ms |", "|---|---|---|---|"],
    )
    shown = []
    for label, values in (
        ("floor", list(floor)),
        ("direct produce", direct),
        ("outbox and relay", added),
        ("handling, outbox and relay", handled),
        ("client.created to answer", whole),
    ):
        cuts = quantiles(values, n=100, method="inclusive")
        half, late = cuts[49] * 1e3, cuts[98] * 1e3
        part.table.append(f"| {label} | {half:.1f} | {late:.1f} | {max(values) * 1e3:.1f} |")
        shown.append(Bar(label, late, half, late, f"{late:.0f} ms", label != "floor"))
    part.plots = [("p99 in ms (the line begins at p50)", shown)]
    lost = len(seen.intended) - len(through)
    late = quantiles(added, n=100, method="inclusive")[98] * 1e3
    part.goals = [Goal("p99 of outbox and relay", 60, None if lost else late, "ms", most=True)]
    part.remarks = [
        f"{len(through):,} events; {lost} not seen again within 30 s.",
        f"Of it beyond the median of direct produce at this load: {late - median(direct) * 1e3:.0f} ms.",
    ]
    return part


_NOTED = """
create unlogged table noted (key text, at timestamptz);
create function note() returns trigger language plpgsql security definer as
  'begin insert into public.noted select key, clock_timestamp() from said; return null; end';
create trigger note after insert on outbox referencing new table as said for each statement execute function note()"""
