"""A service at rest: how soon it is ready after its start, and what it uses when nothing happens."""

import asyncio
import time

import httpx

from bench.goals import Goal
from bench.measuring import middle
from bench.plots import Bar
from bench.report import Part
from bench.servers import PARTITIONS, Servers
from bench.usage import cpu_seconds, resident_mb
from chassis.ids import uuid7
from tests.system.rig import SERVICES, Rig

READY_SECONDS = 60.0


async def run(servers: Servers, quick: bool) -> Part:
    starts, seconds = (1, 5.0) if quick else (5, 30.0)
    folder = servers.folder / "idle"
    folder.mkdir()
    rig = await Rig.build(servers.infra, f"idle{uuid7().hex[-6:]}-", folder, partitions=PARTITIONS)
    ready: dict[str, list[float]] = {name: [] for name in SERVICES}
    try:
        for number in range(starts):
            for name in SERVICES:
                ready[name].append(await _ready(rig, name))
            if number < starts - 1:
                await asyncio.to_thread(rig.stop)
                rig.replicas.clear()
        await asyncio.sleep(5.0)
        idle = await _idle(rig, seconds)
        resident = {replica.service: resident_mb(replica.process.pid) for replica in rig.replicas}
    finally:
        await asyncio.to_thread(rig.stop)
    return _report(ready, idle, resident, seconds)


async def _ready(rig: Rig, name: str) -> float:
    """Seconds from the start of the process until /health/ready says 200."""
    started = time.perf_counter()
    replica = rig.launch(name)
    async with httpx.AsyncClient(timeout=2) as client:
        while time.perf_counter() - started < READY_SECONDS:
            try:
                if (await client.get(f"{replica.url}/health/ready")).status_code == 200:
                    return time.perf_counter() - started
            except httpx.HTTPError:
                pass  # it does not listen yet
            await asyncio.sleep(0.01)
    raise TimeoutError(f"{name} was not ready within {READY_SECONDS} s")


async def _idle(rig: Rig, seconds: float) -> dict[str, float]:
    """Per cent of a core that each service uses while nothing happens."""
    before = {replica.service: cpu_seconds(replica.process.pid) for replica in rig.replicas}
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    past = time.perf_counter() - started
    return {r.service: 100 * (cpu_seconds(r.process.pid) - before[r.service]) / past for r in rig.replicas}


def _report(ready: dict[str, list[float]], idle: dict[str, float], resident: dict[str, float], seconds: float) -> Part:
    part = Part(
        "idle",
        "A service at rest",
        f"Each service {len(next(iter(ready.values())))} times from its start to ready; then all of them idle for"
        f" {seconds:.0f} s, CPU from /proc.",
        ["| service | ready s, median (least–largest) | idle % of a core | MB |", "|---|---|---|---|"],
    )
    for name, took in ready.items():
        half, least, largest = middle(took)
        part.table.append(
            f"| {name} | {half:.2f} ({least:.2f}–{largest:.2f}) | {idle[name]:.2f} | {resident[name]:.0f} |"
        )
    part.plots = [
        (
            "Seconds to ready",
            [Bar(name, *middle(took), f"{middle(took)[0]:.2f} s", True) for name, took in ready.items()],
        )
    ]
    slowest = max(middle(took)[0] for took in ready.values())
    part.goals = [
        Goal("ready after start, the slowest service", 2, slowest, "s", most=True),
        Goal("CPU at rest, the busiest service", 1, max(idle.values()), "% of a core", most=True),
    ]
    return part
