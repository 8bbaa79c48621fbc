"""New clients, over HTTP beside a bare route and by events; and what one costs beside more and more stored clients."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import quantiles
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from aktivera.local.ports import free_port
from bench import events
from bench.contestants.bare_route import TABLE
from bench.creates import post_all, requested
from bench.goals import Goal, ratio
from bench.growth import touched
from bench.measuring import Measured, Usage, middle, watch_offsets
from bench.plots import Bar
from bench.report import Part
from bench.servers import PARTITIONS, Servers, database_of
from chassis import kafka
from chassis.ids import uuid7
from tests.eventually import eventually
from tests.infrastructure import ROOT
from tests.system.numbers import organisation_numbers
from tests.system.rig import Replica, Rig

LANES = 8
REQUESTS, RESULTS = "onboarding-requests", "onboarding-results"

FILL = (
    """insert into clients (client_id, version, agency, status, name, name_key, identity_kind, org_number,
         identity_mask, protected_identity, street, postal_code, city, country, program_access, invoice_recipient,
         invoice_interval, counts, confirmation_email, locale, origin, test, external_ref, confirmed_duplicate,
         created_at, correlation_id, source, request_id)
       select uuidv7(make_interval(secs => n - 2e6)), 1, 'byra-' || n % 50, 'listed', 'Bolaget ' || n || ' AB',
              'bolaget ' || n || ' ab', 'organisation', '167' || lpad(n::text, 9, '0'), '7', false, 'Storgatan 1',
              '35230', 'Växjö', 'SE', true, 'agency', 'quarter', '{{"bookkeeping": 2, "invoicing": 1}}',
              'info' || n || '@example.se', 'sv', 'event', false, 'kund-' || n, false,
              now() - make_interval(secs => 2e6 - n), 'c-' || n, '/upstream/demo', uuidv7()::text
         from generate_series(1, {rows}) n""",
    """insert into requests (source, request_id, digest, correlation_id, results_topic, agency, external_ref,
         received_at, client_id, retryable)
       select source, request_id, sha256(request_id::bytea), correlation_id, 'onboarding-results', agency,
              external_ref, created_at, client_id, false from clients""",
    "vacuum analyze",
)


@dataclass
class Http:
    """What one contestant did in each of its turns: answers a second, and CPU seconds for one; all times together."""

    rates: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    python: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Cost:
    """Of one create, in CPU seconds and shared buffers."""

    cpu: float
    buffers: float


@dataclass
class Found:
    http: dict[str, Http]
    backlog: Measured
    paced: float
    answers: list[float]
    growth: dict[tuple[str, int], Cost]


async def run(servers: Servers, quick: bool) -> Part:
    seconds, backlog, sizes = (3.0, 4_000, (4_000, 50_000)) if quick else (15.0, 20_000, (10_000, 1_000_000))
    await servers.superuser("create extension if not exists pg_stat_statements")
    numbers = organisation_numbers()
    async with onboarding(servers) as (rig, replica):
        http = await _beside_bare(servers, rig, replica, numbers, seconds)
        measured = await _from_backlog(servers, rig, replica, numbers, backlog)
        answers = await _paced(rig, numbers, measured.rate / 2, seconds)
    growth: dict[tuple[str, int], Cost] = {}
    for rows in sizes:
        async with onboarding(servers, rows) as (rig, replica):
            growth |= await _costs(servers, rig, replica, rows, 500 if quick else 3_000)
    return _report(Found(http, measured, measured.rate / 2, answers, growth))


@asynccontextmanager
async def onboarding(servers: Servers, rows: int = 0) -> AsyncIterator[tuple[Rig, Replica]]:
    """The service on a database of its own, in which so many clients are stored."""
    name = f"crt{uuid7().hex[-8:]}-"
    folder = servers.folder / name
    folder.mkdir()
    rig = await Rig.build(servers.infra, name, folder, partitions=PARTITIONS)
    database = database_of(rig.databases["onboarding"])
    filling = tuple(step.format(rows=rows) for step in FILL) if rows else ()
    await servers.superuser(*filling, TABLE, "grant insert on bare to public", database=database)
    try:
        replica = await rig.start("onboarding")
        await rig.directory()
        await servers.settle()
        yield rig, replica
    finally:
        await asyncio.to_thread(rig.stop)
        for dsn in rig.databases.values():
            await servers.drop(dsn)


async def _beside_bare(
    servers: Servers, rig: Rig, replica: Replica, numbers: Iterator[str], seconds: float
) -> dict[str, Http]:
    """Both processes stand ready the whole time; each has two turns, the order turned round."""
    port = free_port()
    bare = _bare(rig.databases["onboarding"], port)
    found = {"ours": Http(), "bare": Http()}
    places = {"ours": (replica.port, replica.process), "bare": (port, bare)}
    try:
        await eventually(partial(_answers, port), within=20)
        for which in found:
            await post_all(places[which][0], rig.token("karin"), numbers, LANES, count=200)
        for which in ("bare", "ours", "ours", "bare"):
            where, process = places[which]
            before = Usage.now(servers, [process])
            took = await post_all(where, rig.token("karin"), numbers, LANES, seconds=seconds)
            after = Usage.now(servers, [process])
            one = found[which]
            one.rates.append(len(took) / (after.at - before.at))
            one.took += took
            one.python.append((after.python - before.python) / len(took))
            one.postgres.append((after.postgres - before.postgres) / len(took))
    finally:
        bare.terminate()
        await asyncio.to_thread(bare.wait, 10)
    return found


def _bare(dsn: str, port: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "bench.contestants.bare_route", "--dsn", dsn, "--port", str(port)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)


async def _answers(port: int) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/openapi.json")).status_code == 200
        except httpx.HTTPError as error:
            raise AssertionError(repr(error)) from error


async def _from_backlog(servers: Servers, rig: Rig, replica: Replica, numbers: Iterator[str], count: int) -> Measured:
    """Requests that wait in the topic, until all are decided and committed; the first quarter is not measured."""
    messages = [requested(next(numbers)) for _ in range(count)]
    events.fill(servers.infra.kafka, rig.common.topic_prefix + REQUESTS, messages)
    return await watch_offsets(servers, [replica.process], rig.databases["onboarding"], count, count // 4)


async def _paced(rig: Rig, numbers: Iterator[str], rate: float, seconds: float) -> list[float]:
    """Sends at intended moments whatever comes back; answers how long each request took to its answer in Kafka."""
    total = int(rate * seconds)
    messages = [requested(next(numbers)) for _ in range(total)]
    intended: dict[bytes, float] = {}
    seen: dict[bytes, float] = {}
    watching = asyncio.create_task(_watch(rig, seen, intended, total))
    producer = kafka.producer(rig.common)
    await producer.start()
    await asyncio.sleep(1.0)  # the watcher stands at the end of the topic by then
    started = time.perf_counter()
    for number, message in enumerate(messages):
        due = started + number / rate
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        intended[message.key] = due
        await producer.send(
            rig.common.topic_prefix + REQUESTS, message.value, key=message.key, headers=list(message.headers)
        )
    await asyncio.wait_for(watching, 60)
    await producer.stop()
    return [seen[key] - intended[key] for key in intended]


async def _watch(rig: Rig, seen: dict[bytes, float], intended: dict[bytes, float], total: int) -> None:
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=rig.common.kafka_bootstrap, fetch_max_wait_ms=100)
    async with consumer:
        consumer.assign([TopicPartition(rig.common.topic_prefix + RESULTS, place) for place in range(PARTITIONS)])
        await consumer.seek_to_end()
        while len(seen) < total:
            got = await consumer.getmany(timeout_ms=100)
            now = time.perf_counter()
            for records in got.values():
                for record in records:
                    if record.key in intended:
                        seen.setdefault(record.key, now)


async def _costs(servers: Servers, rig: Rig, replica: Replica, rows: int, count: int) -> dict[tuple[str, int], Cost]:
    """CPU of service and database, and buffers, for one create by an event and one over HTTP."""
    numbers = organisation_numbers()
    dsn = rig.databases["onboarding"]
    await post_all(replica.port, rig.token("karin"), numbers, LANES, count=300)
    costs = {}
    for kind in ("event", "HTTP"):
        await servers.settle()
        await servers.superuser("select pg_stat_statements_reset()")
        before = Usage.now(servers, [replica.process])
        if kind == "event":
            messages = [requested(next(numbers)) for _ in range(count)]
            events.fill(servers.infra.kafka, rig.common.topic_prefix + REQUESTS, messages)
            await watch_offsets(servers, [replica.process], dsn, count, 0)
        else:
            await post_all(replica.port, rig.token("karin"), numbers, LANES, count=count)
        after = Usage.now(servers, [replica.process])
        buffers, _ = await touched(servers, database_of(dsn))
        cpu = after.python - before.python + after.postgres - before.postgres
        costs[kind, rows] = Cost(cpu / count, buffers / count)
    return costs


def _report(found: Found) -> Part:
    part = Part(
        "creating",
        "New clients",
        f"`POST /v1/clients` over {LANES} kept connections, beside a bare FastAPI route that inserts one row and"
        " promises nothing (no rules, no duplicate check, no outbox, no token): two turns each, the order turned round."
        f" By events: {found.backlog.events:,} of a backlog, decided and committed; and at half of that rate, open"
        " loop, from the intended moment to the answer in the results topic.",
        ["| | creates/s (least–largest) | p50 ms | p99 ms | µs CPU: Python | Postgres |", "|---|---|---|---|---|---|"],
    )
    shown = []
    for which, label in (("bare", "bare route"), ("ours", "POST /v1/clients")):
        one = found.http[which]
        rate, least, largest = middle(one.rates)
        python, postgres = (1e6 * middle(each)[0] for each in (one.python, one.postgres))
        part.table.append(
            f"| {label} | {rate:,.0f} ({least:,.0f}–{largest:,.0f}) | {_late(one.took)} | {python:.0f}"
            f" | {postgres:.0f} |"
        )
        shown.append(Bar(label, rate, least, largest, f"{rate:,.0f}/s", which == "ours"))
    backlog = found.backlog
    python, postgres = (1e6 * each / backlog.events for each in (backlog.python, backlog.postgres))
    part.table.append(f"| events, from a backlog | {backlog.rate:,.0f} | – | – | {python:.0f} | {postgres:.0f} |")
    part.table.append(f"| events, {found.paced:,.0f}/s | – | {_late(found.answers)} | – | – |")
    shown.append(Bar("onboarding.requested", backlog.rate, backlog.rate, backlog.rate, f"{backlog.rate:,.0f}/s", True))
    part.plots = [("Clients created in a second", shown)]
    ours, bare = (middle(found.http[which].rates)[0] for which in ("ours", "bare"))
    part.remarks.append(
        f"POST /v1/clients against the bare route: {ours / bare:.2f} ×; events: {backlog.rate / bare:.2f} ×."
    )
    part.table += ["", "| create by | stored | µs CPU | buffers |", "|---|---|---|---|"]
    part.table += [
        f"| {kind} | {rows:,} | {1e6 * cost.cpu:.0f} | {cost.buffers:.1f} |"
        for (kind, rows), cost in sorted(found.growth.items())
    ]
    sizes = sorted({rows for _, rows in found.growth})
    for kind in ("event", "HTTP"):
        few, many = found.growth[kind, sizes[0]], found.growth[kind, sizes[-1]]
        beside = f"of a create by {kind}, {sizes[-1]:,} stored to {sizes[0]:,}"
        part.goals.append(Goal(f"CPU {beside}", 1.25, ratio(many.cpu, few.cpu), most=True))
        part.goals.append(Goal(f"buffers {beside}", 1.25, ratio(many.buffers, few.buffers), most=True))
    return part


def _late(seconds: list[float]) -> str:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return f"{1e3 * cuts[49]:.1f} | {1e3 * cuts[98]:.1f}"
