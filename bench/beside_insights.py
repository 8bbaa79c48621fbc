"""Whether the statistics cost the others anything: the road with insights off, running, stopped, killed and behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import mean, median, stdev

from bench.goals import Goal, ratio
from bench.latency import late, row
from bench.report import Part
from bench.road import MAIL, ROW, Road, Seen, road
from bench.servers import Servers
from tests.integration.insights.history import History, Past
from tests.integration.insights.running import Insights, InsightsHasEnded

RUNS, STOPPED, KILLED, BEHIND = "runs", "stopped (SIGSTOP)", "killed half way (-9)", "10 minutes behind"
STATES = (RUNS, STOPPED, KILLED, BEHIND)
OFF = "off"
BEHIND_SECONDS, EVENTS_OF_A_CLIENT = 600, 4
CAUGHT_UP_SECONDS = 300.0
ANY_MOMENT = datetime.min.replace(tzinfo=UTC)
WARM_CLIENTS = 150
"""Before each turn, unmeasured: what was idle while insights was started is slower for a moment."""


@dataclass(frozen=True)
class _Length:
    """Turns as short as the host's own changes ask for, and rounds of four so many that those cancel."""

    rates: int
    clients: int
    loops: int
    seconds: float


@dataclass
class _Beside:
    """A state beside its own turns without insights. Each round has two of each, the latter around the former."""

    most: float
    """Clients a second, of which the open loops take half."""
    backlog: int = 0
    rates: list[tuple[list[float], list[float]]] = field(default_factory=list)
    """Clients a second without and in the state, round by round."""
    without: list[Seen] = field(default_factory=list)
    within: list[Seen] = field(default_factory=list)

    def ratios(self) -> list[float]:
        return [sum(within) / sum(without) for without, within in self.rates]


async def run(servers: Servers, quick: bool) -> Part:
    length = _Length(1, 100, 1, 2.0) if quick else _Length(10, 400, 5, 4.0)
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
    for number in range(length.rates):
        rates = []
        for each in (OFF, state, state, OFF):
            async with _in_state(built, each, length.clients / beside.most):
                rates.append(await built.most(length.clients))
        beside.rates.append(([rates[0], rates[3]], rates[1:3]))
        print(f"{state}: round {number + 1} of {length.rates}, {beside.ratios()[-1]:.2f} ×", flush=True)
    for number in range(length.loops):
        for each in (OFF, state, state, OFF):
            async with _in_state(built, each, length.seconds):
                seen = await built.open_loop(beside.most / 2, length.seconds)
            (beside.without if each == OFF else beside.within).append(seen)
        print(f"{state}: open loops {number + 1} of {length.loops}", flush=True)
    return beside


async def _say(built: Road, events: int) -> None:
    """Events that insights alone reads, of the last ten minutes."""
    past = Past(seed=1, hours=BEHIND_SECONDS / 3600)
    await History([past.one("email.sent")[0] for _ in range(events)], [], 0).send(built.rig.common)


@asynccontextmanager
async def _in_state(built: Road, state: str, seconds: float) -> AsyncIterator[None]:
    """Insights as the state says for about so many seconds, and all others warm."""
    insights = built.insights
    if state == OFF and insights.runs:
        insights.kill()
    elif state == BEHIND and not insights.runs:
        # The second of two turns goes on where the first has left it: still far behind.
        await insights.start()
    elif state not in {OFF, BEHIND}:
        await _running(insights)
    with insights.stopped() if state == STOPPED else nullcontext():
        await built.most(WARM_CLIENTS)
        end = asyncio.create_task(_killed(insights, seconds / 2)) if state == KILLED else None
        yield
        if end:
            await end


async def _killed(insights: Insights, after_seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    insights.kill()


async def _running(insights: Insights) -> None:
    """It runs and has read all: one that was stopped for long ends itself, be it only while it is asked."""
    async with asyncio.timeout(CAUGHT_UP_SECONDS):
        while True:
            if not insights.runs:
                await insights.start()
            try:
                await insights.has_read(1, since=ANY_MOMENT)
                return
            except InsightsHasEnded:
                continue


def _report(found: dict[str, _Beside], length: _Length) -> Part:
    part = Part(
        "insights",
        "Beside the statistics",
        "The road as in [latency](latency.md), for each state on topics and databases of its own. Rounds of four short"
        " turns: without insights, twice in the state, and without again, so that what drifts meets both alike."
        f" {length.rates} rounds of {length.clients} clients each time, as fast as may be with 32 requests at once,"
        f" from the first request to the last mail; then {length.loops} rounds of open loops of {length.seconds:.0f} s"
        f" each time, at half of the clients/s that were measured at the beginning. {WARM_CLIENTS} clients before each"
        " turn are not counted."
        f" {BEHIND}: it was started a moment before, and reads {found[BEHIND].backlog:,} events and all of the run's.",
        ["| insights | clients/s | without | middle round | mean of rounds, its error |", "|---|---|---|---|---|"],
    )
    for state, each in found.items():
        ratios = each.ratios()
        error = f" ± {stdev(ratios) / len(ratios) ** 0.5:.2f}" if len(ratios) > 1 else ""
        without, within = (mean(rate for turns in of for rate in turns) for of in zip(*each.rates, strict=True))
        part.table.append(
            f"| {state} | {within:,.0f} | {without:,.0f} | {median(ratios):.2f} × | {mean(ratios):.2f}{error} × |"
        )
    part.table += ["", "| insights | stage | p50 ms | p99 ms | max ms | clients |", "|---|---|---|---|---|---|"]
    for stage in (ROW, MAIL):
        for state, each in found.items():
            part.table += [
                row(f"off, around: {state}", stage, _waits(each.without, stage)),
                row(state, stage, _waits(each.within, stage)),
            ]
    part.goals = [*map(_rate_goal, found.items()), *map(_late_goal, found.items())]
    part.remarks = [_each_round(state, each) for state, each in found.items()]
    return part


def _waits(turns: list[Seen], stage: str) -> list[float]:
    return [wait for seen in turns for wait in seen.waits(stage)]


def _rate_goal(found: tuple[str, _Beside]) -> Goal:
    state, beside = found
    return Goal(f"clients/s in the middle round, insights {state}, to off", 0.95, median(beside.ratios()))


def _late_goal(found: tuple[str, _Beside]) -> Goal:
    state, beside = found
    within, without = (median(map(late, turns)) for turns in (beside.within, beside.without))
    what = f"p99 to the row in the middle turn, insights {state}, to off"
    return Goal(what, 1.25, ratio(within, without), most=True)


def _each_round(state: str, beside: _Beside) -> str:
    ratios = ", ".join(f"{each:.2f}" for each in beside.ratios())
    within, without = (", ".join(f"{1e3 * late(seen):.0f}" for seen in of) for of in (beside.within, beside.without))
    return f"{state}: clients/s {ratios} × of off; p99 to the row {within} ms, off {without} ms."
