"""How long a client takes on an idle stack: from the API's answer to the list, and to the mail server's 250."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
from aiokafka import AIOKafkaConsumer
from aiosmtpd.controller import Controller

from aktivera.local.ports import free_port
from bench.report import measured_on, report_folder
from tests import infrastructure
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig
from tests.system.test_road import request

EVERY_SECONDS = 0.15  # far below what the stack can take: this is the idle latency
STAGES = ("client.created in Kafka", "row in the activation list", "activation.listed in Kafka", "mail accepted")


@dataclass
class Seen:
    """Monotonic seconds at which each stage was seen, by client."""

    at: dict[str, dict[str, float]] = field(default_factory=dict)

    def note(self, client: str, stage: str) -> None:
        self.at.setdefault(client, {}).setdefault(stage, time.perf_counter())


class Sink:
    """Accepts every mail and notes when; the recipient's local part names the client."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # aiosmtpd's name
        self._note(envelope.rcpt_tos[0].split("@")[0])
        return "250 accepted"


async def run(quick: bool) -> None:
    """Starts its own servers and services, measures, prints and writes the report."""
    with tempfile.TemporaryDirectory() as folder:
        infra = await infrastructure.start(Path(folder))
        seen = Seen()
        sink = Controller(Sink(lambda name: seen.note(name, "mail accepted")), hostname="127.0.0.1", port=free_port())
        sink.start()
        rig = await Rig.build(infra, "bench-", Path(folder), partitions=12)
        rig.ports["smtp"] = sink.port
        try:
            for service in ("onboarding", "activation", "notifier"):
                await rig.start(service)
            await rig.directory()
            await _measure(rig, seen, 20)
            seen.at.clear()
            answers = await _measure(rig, seen, 60 if quick else 300, first=1000)
        finally:
            rig.stop()
            sink.stop()
            if infra.nodes is not None:
                infra.nodes.stop()
    _report(seen, answers, quick)


async def _measure(rig: Rig, seen: Seen, clients: int, first: int = 0) -> dict[str, float]:
    answers: dict[str, float] = {}
    names: dict[str, str] = {}
    watching = [asyncio.create_task(_events(rig, seen, names)), asyncio.create_task(_rows(rig, seen, names))]
    await asyncio.sleep(1.0)
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), headers=rig.token("karin"), timeout=10) as client:
        for name, number in zip(range(first, first + clients), organisation_numbers(first), strict=False):
            started = time.perf_counter()
            body = request(number, f"Bolag {name}", f"{name}@example.se")
            answer = await client.post("/v1/clients", json=body)
            answer.raise_for_status()
            names[answer.json()["client_id"]] = str(name)
            seen.note(str(name), "answer")
            answers[str(name)] = seen.at[str(name)]["answer"] - started
            await asyncio.sleep(EVERY_SECONDS)
    await asyncio.sleep(2.0)
    for task in watching:
        task.cancel()
    return answers


async def _events(rig: Rig, seen: Seen, names: dict[str, str]) -> None:
    topics = [rig.common.topic_prefix + topic for topic in ("client-events", "activation-events")]
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=rig.common.kafka_bootstrap, auto_offset_reset="latest")
    early: dict[str, list[tuple[str, float]]] = {}
    async with consumer:
        async for record in consumer:
            event = orjson.loads(record.value)
            kind = event["type"].removeprefix("se.aktivera.").removesuffix(".v1") + " in Kafka"
            early.setdefault(event["subject"], []).append((kind, time.perf_counter()))
            for client_id in [each for each in early if each in names]:
                for stage, at in early.pop(client_id):
                    seen.at.setdefault(names[client_id], {}).setdefault(stage, at)


async def _rows(rig: Rig, seen: Seen, names: dict[str, str]) -> None:
    """Looks for new rows every 2 ms; what is seen is committed."""
    connection = await asyncpg.connect(rig.databases["activation"])
    known: set[str] = set()
    while True:
        rows = await connection.fetch("select client_id from activations order by listed_at desc limit 5")
        now = time.perf_counter()
        for client_id in {str(row["client_id"]) for row in rows} - known:
            if client_id in names:
                seen.at.setdefault(names[client_id], {}).setdefault("row in the activation list", now)
                known.add(client_id)
        await asyncio.sleep(0.002)


def _report(seen: Seen, answers: dict[str, float], quick: bool) -> None:
    lines = [f"# Latency on an idle stack ({len(answers)} clients, one every {EVERY_SECONDS * 1000:.0f} ms)", ""]
    lines += ["| from the API's answer to | p50 ms | p99 ms | max ms | seen |", "|---|---|---|---|---|"]
    lines.append(_row("(request to answer)", list(answers.values())))
    for stage in STAGES:
        waits = [at[stage] - at["answer"] for at in seen.at.values() if stage in at and "answer" in at]
        lines.append(_row(stage, waits))
    text = "\n".join([*lines, "", measured_on("latency", quick)]) + "\n"
    print(text)
    (report_folder(quick) / "latency.md").write_text(text, encoding="utf-8")


def _row(stage: str, seconds: list[float]) -> str:
    if len(seconds) < 2:
        return f"| {stage} | – | – | – | {len(seconds)} |"
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    values = [cuts[49], cuts[98], max(seconds)]
    return f"| {stage} | " + " | ".join(f"{value * 1000:.0f}" for value in values) + f" | {len(seconds)} |"
