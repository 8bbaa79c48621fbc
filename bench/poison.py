"""Poison: events that decide refuses among clean ones, and one row in a batch that save cannot write."""

import asyncio
from pathlib import Path

import orjson

from bench import events
from bench.goals import Goal, ratio
from bench.measuring import Measured, middle, watch_offsets
from bench.outcome import outcome
from bench.plots import Bar
from bench.processes import contestants, must_run
from bench.report import Part
from bench.servers import Servers
from services.activation.__main__ import SERVICE
from tests.eventually import eventually

SHARE = 0.001


async def run(servers: Servers, quick: bool) -> Part:
    count, rounds = (20_000, 2) if quick else (100_000, 2)
    results: dict[str, list[Measured]] = {"clean": [], "poison": []}
    held: dict[str, list[int]] = {"clean": [], "poison": []}
    for number in range(rounds):
        for kind in ("clean", "poison") if number % 2 == 0 else ("poison", "clean"):
            measured, rows = await _decide(servers, count, SHARE if kind == "poison" else 0.0)
            results[kind].append(measured)
            held[kind].append(rows)
    sent = events.stream(count, poison=SHARE)
    refused = sum(dict(message.headers)["ce_type"] != events.CREATED for message in sent)
    as_demanded = held == {"clean": [0] * rounds, "poison": [refused] * rounds}
    rates = {kind: middle([run.rate for run in runs]) for kind, runs in results.items()}
    batches, alone = await _save(servers)
    clean, poison = middle(batches["clean"]), middle(batches["poison"])
    part = Part(
        "poison",
        "Poison",
        f"In `decide`: {count:,} events, of which 0.1 % are changes of a client that nobody knows and are held;"
        f" {rounds} rounds, the order turned round. In `save`: batches of 1 992 events, one of which carries a name"
        " that Postgres refuses, found by halving the batch and held alone; 8 batches of each kind by turns.",
        [
            "| | median (least–largest) |",
            "|---|---|",
            *(f"| {kind}, events/s | {r[0]:,.0f} ({r[1]:,.0f}–{r[2]:,.0f}) |" for kind, r in rates.items()),
            f"| clean batch, ms | {clean[0] * 1e3:.0f} ({clean[1] * 1e3:.0f}–{clean[2] * 1e3:.0f}) |",
            f"| batch with one bad row, ms | {poison[0] * 1e3:.0f} ({poison[1] * 1e3:.0f}–{poison[2] * 1e3:.0f}) |",
            f"| held in a round of poison | {', '.join(map(str, held['poison']))} of {refused} |",
        ],
    )
    part.plots = [("Events per second", [Bar(kind, *r, f"{r[0]:,.0f}/s", True) for kind, r in rates.items()])]
    part.goals = [
        Goal(
            "0.1 % poison in decide against clean",
            0.9,
            ratio(rates["poison"][0], rates["clean"][0]) if as_demanded else None,
        ),
        Goal(
            "a batch with a poison row in save against clean",
            4,
            ratio(poison[0], clean[0]) if alone else None,
            most=True,
        ),
    ]
    return part


async def _decide(servers: Servers, count: int, share: float) -> tuple[Measured, int]:
    prefix = await servers.prefix("client-events", "agency-events")
    events.fill(servers.infra.kafka, f"{prefix}client-events", events.stream(count, poison=share))
    dsn = await servers.infra.database(SERVICE)
    await servers.settle()
    async with contestants(servers, "ours", prefix, dsn) as processes:
        measured = await watch_offsets(servers, processes, dsn, count, count // 10)
    held = (await outcome(dsn))["held_events"][0]
    await servers.drop(dsn)
    return measured, held


async def _save(servers: Servers) -> tuple[dict[str, list[float]], bool]:
    """Seconds of each kind of batch, and whether the bad rows and nothing else were held."""
    dsn = await servers.infra.database(SERVICE)
    await servers.settle()
    log = servers.folder / "contestant-batches-0.log"
    async with contestants(servers, "batches", "poison-", dsn) as processes:

        async def printed() -> bytes | None:
            must_run(processes, servers.folder)
            lines = (await asyncio.to_thread(Path(log).read_bytes)).splitlines()
            return next((line for line in lines if line.startswith(b'{"warm"')), None)

        line = await eventually(printed, within=120)
    await servers.drop(dsn)
    assert line is not None
    found = orjson.loads(line)
    return found, found["held"] == ["save_failed"] * len(found["poison"])
