"""New clients: over HTTP beside a bare route, and by events with what those wait for."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from statistics import quantiles

import httpx

from aktivera.local.ports import free_port
from bench import beside_clients, events
from bench.beside_clients import onboarding
from bench.creates import LANES, REQUESTS, post_all, requested
from bench.measuring import Measured, Usage, middle, watch_offsets
from bench.paced_requests import paced
from bench.plots import Bar
from bench.report import Part
from bench.servers import Servers
from tests.eventually import eventually
from tests.infrastructure import ROOT
from tests.system.numbers import organisation_numbers
from tests.system.rig import Replica, Rig


@dataclass
class Http:
    """What one contestant did in each of its turns: answers a second, and CPU seconds for one; all times together."""

    rates: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    python: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)


@dataclass
class Found:
    http: dict[str, Http]
    backlog: Measured
    paced: float
    waits: dict[str, list[float]]
    beside: beside_clients.Costs


async def run(servers: Servers, quick: bool) -> Part:
    seconds, backlog, sizes = (3.0, 4_000, (4_000, 50_000)) if quick else (15.0, 20_000, (10_000, 1_000_000))
    await servers.superuser("create extension if not exists pg_stat_statements")
    numbers = organisation_numbers()
    async with onboarding(servers) as (rig, replica):
        http = await _beside_bare(servers, rig, replica, numbers, seconds)
        measured = await _from_backlog(servers, rig, replica, numbers, backlog)
        way = await paced(rig, numbers, measured.rate / 2, seconds)
    beside = await beside_clients.costs(servers, sizes, 500 if quick else 2_000)
    return _report(Found(http, measured, measured.rate / 2, way.waits(), beside))


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


def _report(found: Found) -> Part:
    part = Part(
        "creating",
        "New clients",
        f"`POST /v1/clients` over {LANES} kept connections, beside a bare FastAPI route that inserts one row and"
        " promises nothing (no rules, no duplicate check, no outbox, no token): two turns each, the order turned round."
        f" By events: {found.backlog.events:,} of a backlog, decided and committed; and at half of that rate, open"
        " loop, from the intended moment to the answer in the results topic, whole and by stage. What one costs beside"
        f" few and many stored clients: {beside_clients.TURNS} turns each on services that stand ready, the order"
        " turned round; what the turns create stays, so buffers are those of the first.",
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
    for stage, waits in found.waits.items():
        part.table.append(f"| events, {found.paced:,.0f}/s, {stage} | – | {_late(waits)} | – | – |")
    shown.append(Bar("onboarding.requested", backlog.rate, backlog.rate, backlog.rate, f"{backlog.rate:,.0f}/s", True))
    part.plots = [("Clients created in a second", shown)]
    ours, bare = (middle(found.http[which].rates)[0] for which in ("ours", "bare"))
    part.remarks.append(
        f"POST /v1/clients against the bare route: {ours / bare:.2f} ×; events: {backlog.rate / bare:.2f} ×."
    )
    beside_clients.report(part, found.beside)
    return part


def _late(seconds: list[float]) -> str:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return f"{1e3 * cuts[49]:.1f} | {1e3 * cuts[98]:.1f}"
