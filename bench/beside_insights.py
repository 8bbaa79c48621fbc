"""Whether the statistics cost the others anything: the road with insights off, running, stopped, killed and behind."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

import httpx

from bench.goals import Goal, ratio
from bench.latency import cuts, row
from bench.report import Part
from bench.road import MAIL, ROW, Road, Seen, road
from bench.servers import Servers
from tests.integration.insights.history import History, Past

OFF, RUNS, STOPPED, KILLED, BEHIND = "off", "runs", "stopped (SIGSTOP)", "killed half way (-9)", "10 minutes behind"
THERE = (OFF, RUNS, STOPPED, KILLED, BEHIND)
BEHIND_SECONDS, EVENTS_OF_A_CLIENT = 600, 4
CAUGHT_UP_SECONDS = 300.0


@dataclass
class _Found:
    """What was measured in one state, there and back."""

    rates: list[float] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def late(self, stage: str) -> float:
        """The 99th percentile in seconds."""
        return cuts(self.waits(stage))[98]

    def waits(self, stage: str) -> list[float]:
        return [wait for seen in self.seen for wait in seen.waits(stage)]


async def run(servers: Servers, quick: bool) -> Part:
    clients, seconds = (200, 4.0) if quick else (3_000, 15.0)
    async with road(servers) as built:
        await built.most(clients // 4)
        most = await built.most(clients)
        backlog = int(most / 2 * BEHIND_SECONDS * EVENTS_OF_A_CLIENT)
        await _say(built, backlog)
        found = {state: _Found() for state in THERE}
        for state in (*THERE, *reversed(THERE)):
            measured = _Measured(built, clients, most, seconds)
            rate, seen = await measured.in_state(state)
            found[state].rates.append(rate)
            found[state].seen.append(seen)
    return _report(found, most, backlog)


async def _say(built: Road, events: int) -> None:
    """Events that insights alone reads, of the last ten minutes."""
    past = Past(seed=1, hours=BEHIND_SECONDS / 3600)
    await History([past.one("email.sent")[0] for _ in range(events)], [], 0).send(built.rig.common)


@dataclass
class _Measured:
    """Once as many clients as may be, and once an open loop at half of `most`, beside insights in some state."""

    built: Road
    clients: int
    most: float
    seconds: float

    async def in_state(self, state: str) -> tuple[float, Seen]:
        insights = self.built.insights
        if state in {OFF, BEHIND}:
            self._end()
        else:
            await self._running()
        if state == STOPPED:
            with insights.stopped():
                return await self._both()
        if state == BEHIND:
            await insights.start()
        if state == KILLED:
            rate = await self._killed(self.built.most(self.clients), self.clients / self.most)
            await self._running()
            return rate, await self._killed(self.built.open_loop(self.most / 2, self.seconds), self.seconds)
        return await self._both()

    async def _both(self) -> tuple[float, Seen]:
        return await self.built.most(self.clients), await self.built.open_loop(self.most / 2, self.seconds)

    async def _killed(self, load: Coroutine[Any, Any, Any], seconds: float) -> Any:
        task = asyncio.create_task(load)
        await asyncio.sleep(seconds / 2)
        self.built.insights.kill()
        return await task

    async def _running(self) -> None:
        """It runs and has read all: one that was stopped for long ends itself, be it only while it is asked."""
        async with asyncio.timeout(CAUGHT_UP_SECONDS):
            while True:
                if not self.built.insights.runs:
                    await self.built.insights.start()
                try:
                    await self.built.insights.has_read(1)
                    return
                except httpx.TransportError:
                    await asyncio.sleep(1.0)

    def _end(self) -> None:
        if self.built.insights.runs:
            self.built.insights.kill()


def _report(found: dict[str, _Found], most: float, backlog: int) -> Part:
    part = Part(
        "insights",
        "Beside the statistics",
        f"The road as in [latency](latency.md), in the order {', '.join(THERE)}, and back again, so that what drifts"
        " meets each alike. Each time as many clients as may be with 32 requests at once, from the first request to the"
        f" last mail; then an open loop at half of the {most:,.0f} clients/s that were measured before. {BEHIND}: it"
        f" was started a moment before, and reads {backlog:,} events and all of the run's.",
        ["| insights | clients/s there | and back | of those without |", "|---|---|---|---|"],
    )
    off = found[OFF]
    for state, each in found.items():
        there, back = each.rates
        part.table.append(f"| {state} | {there:,.0f} | {back:,.0f} | {mean(each.rates) / mean(off.rates):.2f} × |")
    part.table += ["", "| insights | stage | p50 ms | p99 ms | max ms | clients |", "|---|---|---|---|---|---|"]
    part.table += [row(state, stage, each.waits(stage)) for stage in (ROW, MAIL) for state, each in found.items()]
    part.goals = [
        *_goals(found, "clients/s", lambda each: mean(each.rates), 0.95, most=False),
        *_goals(found, "p99 to the row", lambda each: each.late(ROW), 1.25, most=True),
    ]
    return part


def _goals(
    found: dict[str, _Found], what: str, value: Callable[[_Found], float], wanted: float, *, most: bool
) -> Iterable[Goal]:
    for state in THERE[1:]:
        yield Goal(
            f"{what}, insights {state}, to off", wanted, ratio(value(found[state]), value(found[OFF])), most=most
        )
