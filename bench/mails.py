"""Mails out of the queue: ours beside bare aiosmtplib, and another agency's first mail meanwhile."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import asyncpg

from aktivera.local.ports import free_port
from bench.goals import Goal, ratio
from bench.measuring import Usage, middle
from bench.plots import Bar
from bench.processes import Process
from bench.report import Part
from bench.servers import PARTITIONS, Servers
from chassis.clock import system_clock
from chassis.ids import uuid7
from chassis.settings import environment
from services.notifier.__main__ import SERVICE
from services.notifier.domain.draft import message_id
from services.notifier.domain.message import compose
from services.notifier.rendering import render
from services.notifier.samples import sample_links
from services.notifier.store.deliveries import Claimed
from services.notifier.store.turns import NEXT_TURNS
from tests.eventually import eventually
from tests.infrastructure import ROOT
from tests.link_keys import write_link_keys

CONNECTIONS = (16, 4)
"""As many as a server of one's own may take; and the default of a process, which a quick run leaves out."""
CONTESTANTS = {"raw": "aiosmtplib", "ours": "notifier", "composing": "aiosmtplib that composes"}
FACTS = {"program_access": True, "counts": {"bookkeeping": 2, "invoicing": 1}}
WITHIN_SECONDS = 2.0
STALL_SECONDS = 60.0


@dataclass
class Turns:
    """What one contestant did: mails a second and CPU seconds for one, in each turn. `void`: why nothing counts."""

    rates: list[float] = field(default_factory=list)
    python: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)
    others_waited: list[float] = field(default_factory=list)
    void: str = ""


Found: TypeAlias = dict[int, dict[str, Turns]]
"""By the number of connections, then by contestant."""


async def run(servers: Servers, quick: bool) -> Part:
    count = 600 if quick else 5_000
    connections = CONNECTIONS[:1] if quick else CONNECTIONS
    found: Found = {lanes: {which: Turns() for which in CONTESTANTS} for lanes in connections}
    for lanes, turns in found.items():
        for which in CONTESTANTS if quick else (*CONTESTANTS, *reversed(CONTESTANTS)):
            await servers.settle()
            measure = _ours if which == "ours" else partial(_others, which)
            await measure(servers, turns[which], count, lanes)
    return _report(found, count)


@asynccontextmanager
async def sink(servers: Servers) -> AsyncIterator[tuple[int, Path]]:
    """The mail server's port; its file, once it has ended."""
    port, out = free_port(), servers.folder / f"sink-{uuid7().hex}.json"
    command = [sys.executable, "-m", "bench.contestants.fast_sink", "--port", str(port), "--out", str(out)]
    process = _started(command)
    try:
        await eventually(partial(_answers, port), within=20)
        yield port, out
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 10)


def _started(command: list[str]) -> Process:
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)


async def taken(port: int) -> int:
    """How many mails the server has."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        raise AssertionError(repr(error)) from error
    await reader.readline()
    writer.write(b"VRFY x\r\n")
    answer = await reader.readline()
    writer.close()
    return int(answer[4:])


async def _answers(port: int) -> bool:
    return await taken(port) == 0


async def _until(port: int, count: int) -> None:
    moved, before = time.perf_counter(), -1
    while (now := await taken(port)) < count:
        if now != before:
            moved, before = time.perf_counter(), now
        if time.perf_counter() - moved > STALL_SECONDS:
            raise TimeoutError(f"{now} of {count} mails")
        await asyncio.sleep(0.05)


async def _others(which: str, servers: Servers, turns: Turns, count: int, lanes: int) -> None:
    mails = servers.folder / "mails.json"
    if which == "raw":
        await asyncio.to_thread(_compose, mails, count)
        own = ["bench.contestants.raw_smtp", "--mails", str(mails)]
    else:
        own = ["bench.contestants.composing_smtp", "--count", str(count)]
    async with sink(servers) as (port, out):
        process = _started([sys.executable, "-m", *own, "--port", str(port), "--connections", str(lanes)])
        try:
            await _measure(servers, process, turns, port, count)
        finally:
            await asyncio.to_thread(process.wait, 30)
    _count(turns, out, count, 0)


def _compose(path: Path, count: int) -> None:
    mails = []
    for number in range(count):
        mail = Claimed(
            uuid4(), 1, "confirmation", str(uuid4()), f"info{number}@example.se", 0, uuid4(), f"Åkes Bolag {number} AB",
            "byra-ett", "Byrå Ett AB", "sv", False, FACTS, system_clock(), None, False,
        )  # fmt: skip
        id_ = message_id(mail.template, mail.cause_id, mail.recipient, 0, "aktivera.local")
        sender = "Aktivera <no-reply@aktivera.local>"
        content = compose(render(mail, sample_links(None)), sender, mail.recipient, id_, mail.created_at, "sv")
        mails.append((mail.recipient, content.decode()))
    path.write_text(json.dumps(mails))


async def _ours(servers: Servers, turns: Turns, count: int, lanes: int) -> None:
    dsn, prefix = await servers.infra.database(SERVICE), await servers.prefix("notification-events")
    connection = await asyncpg.connect(dsn)
    async with sink(servers) as (port, out):
        process = _notifier(servers, dsn, prefix, port, lanes)
        try:
            await connection.execute("update mail_gate set held = true, why = 'bench'")
            await _queue(connection, "byra-ett", count)
            await connection.execute("analyze emails")
            await connection.execute("update mail_gate set held = false")
            other = asyncio.create_task(_another(connection, port, count // 3))
            await _measure(servers, process, turns, port, count + 1)
            asked, id_ = await other
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 20)
        odd = await connection.fetchval("select count(*) from emails where state <> 'sent' or attempt <> 1")
        await connection.close()
    await servers.drop(dsn)
    said = _count(turns, out, count + 1, odd)
    turns.others_waited.append(said[id_] - asked)


def _notifier(servers: Servers, dsn: str, prefix: str, port: int, lanes: int) -> Process:
    env = {
        **{name: value for name, value in environment().items() if not name.startswith("AKTIVERA_")},
        "AKTIVERA_ENVIRONMENT": "test",
        "AKTIVERA_KAFKA_BOOTSTRAP": servers.infra.kafka,
        "AKTIVERA_TOPIC_PREFIX": prefix,
        "AKTIVERA_TOPIC_PARTITIONS": str(PARTITIONS),
        "AKTIVERA_TOKEN_KEYS_FILE": str(servers.folder / "keys.json"),
        "NOTIFIER_DATABASE_DSN": dsn,
        "NOTIFIER_CONSUME": "false",
        "NOTIFIER_HTTP_PORT": str(free_port()),
        "NOTIFIER_SMTP_PORT": str(port),
        "NOTIFIER_SMTP_TLS": "none",
        "NOTIFIER_LINK_KEYS_FILE": str(write_link_keys(servers.folder / "link-keys.json")),
        "NOTIFIER_MAIL_WORKERS": str(lanes),
    }
    with (servers.folder / "contestant-notifier.log").open("ab") as log:
        command = [sys.executable, "-m", "services.notifier"]
        return subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


async def _queue(connection: "asyncpg.Connection[asyncpg.Record]", agency: str, count: int) -> str:
    """Queues mails as an event does; answers the Message-ID of the last."""
    first = (await connection.fetchrow(NEXT_TURNS, [agency], [False]))["turn"]  # type: ignore[index]  # one agency, one row
    causes = [str(uuid4()) for _ in range(count)]
    columns = ["id", "template", "cause_id", "recipient", "client_id", "agency", "client_name", "locale", "test"]
    columns += ["facts", "correlation_id", "created_at", "due_at", "turn"]
    now = system_clock()
    facts = json.dumps(FACTS)
    rows = [
        (
            uuid7(),
            "confirmation",
            cause,
            f"info{place}@example.se",
            uuid4(),
            agency,
            f"Åkes Bolag {place} AB",
            "sv",
            False,
            facts,
            "bench",
            now,
            now,
            first + place,
        )
        for place, cause in enumerate(causes)
    ]
    await connection.copy_records_to_table("emails", columns=columns, records=rows)
    return message_id("confirmation", causes[-1], f"info{count - 1}@example.se", 0, "aktivera.local")


async def _another(connection: "asyncpg.Connection[asyncpg.Record]", port: int, after: int) -> tuple[float, str]:
    await _until(port, after)
    id_ = await _queue(connection, "byra-tva", 1)
    return time.monotonic(), id_


async def _measure(servers: Servers, process: Process, turns: Turns, port: int, count: int) -> None:
    """CPU from a tenth of the mails on; the rate is the server's own word, in `_count`."""
    await _until(port, count // 10)
    before, at = Usage.now(servers, [process]), await taken(port)
    await _until(port, count)
    after = Usage.now(servers, [process])
    turns.python.append((after.python - before.python) / (count - at))
    turns.postgres.append((after.postgres - before.postgres) / (count - at))


def _count(turns: Turns, out: Path, count: int, odd: int) -> dict[str, float]:
    """The rate from the tenth part to the last mail, by the server's clock; void unless it has each exactly once."""
    mails = [(at, id_) for at, id_ in json.loads(out.read_text())]
    if len(mails) != count or len({id_ for _, id_ in mails}) != count or odd:
        turns.void = f"the server has {len(mails)} mails, {len({id_ for _, id_ in mails})} different; {odd} odd"
    first = count // 10
    turns.rates.append((count - 1 - first) / (mails[-1][0] - mails[first][0]))
    return {id_: at for at, id_ in mails}


def _report(found: Found, count: int) -> Part:
    part = Part(
        "mails",
        "Mails",
        f"{count:,} confirmations that wait, to a mail server that takes all at once. Ours claims, composes, commits"
        " that the content goes out, sends, and commits what became of it with its event; the bare client sends what"
        " was composed before and stores nothing. A program that renders the same template, makes the mail by the"
        " standard library, sends it by aiosmtplib and stores nothing is beside them. The server offers PIPELINING, as"
        " Postfix and Exim do; ours uses it, aiosmtplib does not."
        " In a whole run two turns each, the order turned round; rates by the server's clock.",
        ["| | connections | mails/s (least–largest) | µs CPU: Python | Postgres |", "|---|---|---|---|---|"],
    )
    shown = []
    for lanes, contestants in found.items():
        for which, label in CONTESTANTS.items():
            turns = contestants[which]
            rate, least, largest = middle(turns.rates)
            python, postgres = (1e6 * middle(each)[0] for each in (turns.python, turns.postgres))
            part.table.append(
                f"| {label} | {lanes} | {rate:,.0f} ({least:,.0f}–{largest:,.0f}) | {python:.0f} | {postgres:.0f} |"
            )
            shown.append(Bar(f"{label}, {lanes}", rate, least, largest, f"{rate:,.0f}/s", which == "ours"))
            part.remarks += [f"{label} on {lanes} connections is void: {turns.void}."] if turns.void else []
        ours, raw = contestants["ours"], contestants["raw"]
        void = ours.void or raw.void
        got = None if void else ratio(middle(ours.rates)[0], middle(raw.rates)[0])
        part.goals.append(Goal(f"mails on {lanes} connections against aiosmtplib", 0.7, got))
        composing = contestants["composing"]
        if not ours.void and not composing.void:
            times = middle(ours.rates)[0] / middle(composing.rates)[0]
            part.remarks.append(f"On {lanes} connections the notifier is {times:.2f} × aiosmtplib that composes.")
        waited = None if void else max(ours.others_waited)
        what = f"another agency's first mail, on {lanes} connections"
        part.goals.append(Goal(what, WITHIN_SECONDS, waited, unit="s", most=True))
    part.plots = [("Mails in a second", shown)]
    return part
