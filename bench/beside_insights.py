"""Whether the statistics cost the others anything: the road with insights off, running, stopped, killed and behind."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from statistics import mean, median, stdev
from typing import Any

import httpx

from bench.goals import Goal, ratio
from bench.latency import late, row
from bench.report import Part
from bench.road import MAIL, ROW, Road, Seen, road
from bench.servers import Servers
from tests.integration.insights.history import History, Past

RUNS, STOPPED, KILLED, BEHIND = "runs", "stopped (SIGSTOP)", "killed half way (-9)", "10 minutes behind"
STATES = (RUNS, STOPPED, KILLED, BEHIND)
OFF = "off"
BEHIND_SECONDS, EVENTS_OF_A_CLIENT = 600, 4
CAUGHT_UP_SECONDS = 300.0


@dataclass(frozen=True)
class _Length:
    """Turns as short as the host's own changes allow, and so many that those cancel."""

    rounds: int
    clients: int
    seconds: float


@dataclass
class _Found:
    """What was measured in one state or without it, turn by turn."""

    rates: list[float] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def late(self) -> float:
        """The 99th percentile to the row in the middle one of the turns, in seconds."""
        return median(late(seen) for seen in self.seen)

    def waits(self, stage: str) -> list[float]:
        return [wait for seen in self.seen for wait in seen.waits(stage)]


@dataclass
class _Beside:
    """A state beside its own turns without insights, and the clients a second of which the open loops take half."""

    most: float
    backlog: int = 0
    without: _Found = field(default_factory=_Found)
    within: _Found = field(default_factory=_Found)

    def ratios(self) -> list[float]:
        """Of the clients a second, round by round: two turns in the state to the two around them."""
        return [
            sum(self.within.rates[at : at + 2]) / sum(self.without.rates[at : at + 2])
            for at in range(0, len(self.within.rates), 2)
        ]


async def run(servers: Servers, quick: bool) -> Part:
    length = _Length(1, 100, 2.0) if quick else _Length(8, 500, 4.0)
    found = {}
    for state in STATES:
        async with road(servers) as built:
            found[state] = await _beside(built, state, length)
    return _report(found, length)


async def _beside(built: Road, state: str, length: _Length) -> _Beside:
    await built.most(length.clients)
    beside = _Beside(await built.most(2 * length.clients))
    if state == BEHIND:
        beside.backlog = int(beside.most / 2 * BEHIND_SECONDS * EVENTS_OF_A_CLIENT)
        await _say(built, beside.backlog)
    measured = _Measured(built, length, beside.most)
    for number in range(length.rounds):
        for each in (OFF, state, state, OFF):
            rate, seen = await measured.in_state(each)
            into = beside.without if each == OFF else beside.within
            into.rates.append(rate)
            into.seen.append(seen)
        print(f"{state}: round {number + 1} of {length.rounds}, {beside.ratios()[-1]:.2f} ×", flush=True)
    return beside


async def _say(built: Road, events: int) -> None:
    """Events that insights alone reads, of the last ten minutes."""
    past = Past(seed=1, hours=BEHIND_SECONDS / 3600)
    await History([past.one("email.sent")[0] for _ in range(events)], [], 0).send(built.rig.common)


@dataclass
class _Measured:
    """Once as many clients as may be, and once an open loop at half of `most`, beside insights in some state."""

    built: Road
    length: _Length
    most: float

    async def in_state(self, state: str) -> tuple[float, Seen]:
        insights = self.built.insights
        if state == OFF:
            if insights.runs:
                insights.kill()
        elif state == BEHIND:
            # The second of two turns goes on where the first has left it: still far behind.
            if not insights.runs:
                await insights.start()
        else:
            await self._running()
        if state == STOPPED:
            with insights.stopped():
                return await self._rate(), await self._seen()
        if state == KILLED:
            rate = await self._killed(self._rate(), self.length.clients / self.most)
            await self._running()
            return rate, await self._killed(self._seen(), self.length.seconds)
        return await self._rate(), await self._seen()

    async def _rate(self) -> float:
        return await self.built.most(self.length.clients)

    async def _seen(self) -> Seen:
        return await self.built.open_loop(self.most / 2, self.length.seconds)

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


def _report(found: dict[str, _Beside], length: _Length) -> Part:
    part = Part(
        "insights",
        "Beside the statistics",
        "The road as in [latency](latency.md), for each state on topics and databases of its own. Short turns, without"
        " insights, twice in the state, and without again, so that what drifts meets both alike, and that"
        f" {length.rounds} times over. A turn is {length.clients} clients as fast as may be with 32 requests at once,"
        " from the first request to the last mail; then an open loop of"
        f" {length.seconds:.0f} s at half of the clients/s that"
        f" were measured at the beginning. {BEHIND}: it was started a moment before, and reads"
        f" {found[BEHIND].backlog:,} events and all of the run's.",
        ["| insights | clients/s | without | rounds: mean, error of the mean |", "|---|---|---|---|"],
    )
    for state, each in found.items():
        ratios = each.ratios()
        error = f" ± {stdev(ratios) / len(ratios) ** 0.5:.2f}" if len(ratios) > 1 else ""
        rates = f"{mean(each.within.rates):,.0f} | {mean(each.without.rates):,.0f}"
        part.table.append(f"| {state} | {rates} | {mean(ratios):.2f}{error} × |")
    part.table += ["", "| insights | stage | p50 ms | p99 ms | max ms | clients |", "|---|---|---|---|---|---|"]
    for stage in (ROW, MAIL):
        for state, each in found.items():
            part.table.append(row(f"without, beside those of: {state}", stage, each.without.waits(stage)))
            part.table.append(row(state, stage, each.within.waits(stage)))
    part.goals = [
        Goal(f"clients/s, insights {state}, to off", 0.95, mean(each.ratios())) for state, each in found.items()
    ] + [
        Goal(
            f"p99 to the row in the middle turn, insights {state}, to off",
            1.25,
            ratio(each.within.late(), each.without.late()),
            most=True,
        )
        for state, each in found.items()
    ]
    part.remarks = [_spread(state, each) for state, each in found.items()]
    return part


def _spread(state: str, each: _Beside) -> str:
    def told(found: _Found) -> str:
        return ", ".join(f"{1e3 * late(seen):.0f}" for seen in found.seen)

    return f"p99 to the row turn by turn, {state}: {told(each.within)}; without: {told(each.without)} ms."
