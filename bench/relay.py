"""The relay: a filled outbox through 1, 2 and 3 replicas, against raw idempotent produce of the same payloads."""

from collections.abc import Iterator
from typing import Any

import asyncpg

from bench import events
from bench.goals import Goal, ratio
from bench.measuring import Measured, middle, watch
from bench.plots import Bar
from bench.processes import contestants
from bench.report import Part
from bench.servers import Servers, database_of
from bench.topics import length, read_back
from chassis.ids import uuid7
from services.activation.__main__ import SERVICE

TOPIC = "activation-events"
VERSIONS = 10
RAW = "raw idempotent produce"
CONTESTANTS = (
    (RAW, "raw_produce", 1),
    ("raw batches, four clients", "raw_lanes", 1),
    ("1 replica", "relay", 1),
    ("2 replicas", "relay", 2),
    ("3 replicas", "relay", 3),
)

Results = dict[str, list[Measured]]


async def run(servers: Servers, quick: bool) -> Part:
    rows, rounds = (20_000, 2) if quick else (200_000, 6)
    filled = await _filled(servers, rows)
    results: Results = {}
    wrong: dict[str, str] = {}
    for number in range(rounds):
        for label, module, replicas in CONTESTANTS if number % 2 == 0 else CONTESTANTS[::-1]:
            measured, reason = await _one(servers, filled, module, replicas, rows)
            results.setdefault(label, []).append(measured)
            if reason:
                wrong[label] = reason
            print(f"round {number + 1}: relay, {label}: {measured.rate:.0f} rows/s", flush=True)
    await servers.drop(filled)
    return _report(results, wrong, rows, rounds)


async def _filled(servers: Servers, rows: int) -> str:
    """A database whose outbox holds `rows` events, ten versions of each aggregate, all aggregates by turns."""
    dsn = await servers.infra.database(SERVICE)
    connection = await asyncpg.connect(dsn)
    columns = ("event_id", "topic", "key", "aggregate_id", "version", "headers", "payload")
    try:
        await connection.copy_records_to_table("outbox", columns=columns, records=_rows(rows))
    finally:
        await connection.close()
    await servers.superuser("vacuum analyze outbox", database=database_of(dsn))
    return dsn


def _rows(rows: int) -> Iterator[tuple[Any, ...]]:
    clients = [str(uuid7()) for _ in range(rows // VERSIONS)]
    for version in range(1, VERSIONS + 1):
        for number, client_id in enumerate(clients):
            message = events.client_event("client.updated", client_id, version, number, f"Bolaget {number} AB")
            named = {name: value.decode() for name, value in message.headers}
            headers = "{" + ",".join(f'"{name}":"{value}"' for name, value in named.items()) + "}"
            yield named["ce_id"], TOPIC, client_id, client_id, version, headers, message.value


async def _one(servers: Servers, filled: str, module: str, replicas: int, rows: int) -> tuple[Measured, str]:
    """One contestant on a copy of the filled outbox and a fresh topic; and what is wrong with what it sent."""
    name = f"r_{uuid7().hex}"
    await servers.superuser(f'create database {name} template {database_of(filled)} owner "activation_owner"')
    dsn = filled.rpartition("/")[0] + "/" + name
    prefix = await servers.prefix(TOPIC)
    await servers.settle()
    connection = await asyncpg.connect(dsn)
    async with length(servers.infra.kafka, prefix + TOPIC) as ends:

        async def done() -> int:
            sent = await ends()
            if sent < rows or module != "relay":
                return sent
            left: bool = await connection.fetchval("select exists (select from outbox)")
            return rows - 1 if left else rows

        async with contestants(servers, module, prefix, dsn, replicas) as processes:
            measured = await watch(servers, processes, done, rows, rows // 20, connection.get_server_pid())
    await connection.close()
    read = await read_back(servers.infra.kafka, prefix + TOPIC)
    await servers.drop(dsn)
    if read.different != rows:
        return measured, f"{rows - read.different} of {rows} lost"
    return measured, f"{read.out_of_order} out of order" if read.out_of_order else ""


def _report(results: Results, wrong: dict[str, str], rows: int, rounds: int) -> Part:
    part = Part(
        "relay",
        "The relay",
        f"An outbox of {rows:,} rows (about 700 bytes), {rounds} rounds, the order turned round each time, a fresh"
        " topic and a copy of the filled database for each run. Until all is acknowledged and the outbox is empty."
        " Afterwards the topic is read: every event there, each aggregate's versions in order, else void.",
        [
            "| | rows/s, median (least–largest) | to raw | µs CPU/row: Python | Postgres | broker | |",
            "|---|---|---|---|---|---|---|",
        ],
    )
    rates = {label: middle([run.rate for run in runs]) for label, runs in results.items()}
    for label, runs in results.items():
        rate, least, largest = rates[label]
        cpu = [
            f"{middle([getattr(r, who) / r.events for r in runs])[0] * 1e6:.0f}"
            for who in ("python", "postgres", "broker")
        ]
        part.table.append(
            f"| {label} | {rate:,.0f} ({least:,.0f}–{largest:,.0f}) | {rate / rates[RAW][0]:.2f} | {' | '.join(cpu)}"
            f" | {wrong.get(label, '')} |"
        )
    valid = {label: None if label in wrong else rate[0] for label, rate in rates.items()}
    part.plots = [("Rows per second, acknowledged", [Bar(n, *r, f"{r[0]:,.0f}/s", n != RAW) for n, r in rates.items()])]
    part.goals = [
        Goal("one relay against raw produce", 0.75, ratio(valid["1 replica"], valid[RAW])),
        Goal("three replicas against one", 1.0, ratio(valid["3 replicas"], valid["1 replica"])),
    ]
    return part
