"""How long a client takes under load, stage by stage, beside the floor; and with insights running, killed or behind."""

import asyncio
from statistics import quantiles

from bench.goals import Goal, ratio
from bench.half_load import one_after_the_other
from bench.plots import Bar
from bench.report import Part
from bench.road import MAIL, ROW, STAGES, Road, Seen, road
from bench.servers import Servers

LOADS = (0.1, 0.5, 0.8)
HALF = 0.5
OFF, RUNS, KILLED, BEHIND = "off", "runs", "killed half way", "reads all again"


async def run(servers: Servers, quick: bool) -> Part:
    clients, seconds, floors = (400, 4.0, 50) if quick else (2_000, 15.0, 300)
    floor = await one_after_the_other(servers, floors)
    async with road(servers) as built:
        await built.most(clients // 4)
        most = await built.most(clients)
        loads = {share: await built.open_loop(most * share, seconds) for share in LOADS}
        beside = {OFF: loads[HALF], **await _beside_insights(built, most * HALF, seconds)}
        with_insights = await built.most(clients)
        built.insights.kill()
        without = await built.most(clients)
    return _report(floor, most, loads, beside, (with_insights, without))


async def _beside_insights(built: Road, rate: float, seconds: float) -> dict[str, Seen]:
    """The same load again while insights runs, is killed, and counts everything again from the beginning."""
    insights = built.insights
    await insights.start()
    await insights.has_read(1)
    found = {RUNS: await built.open_loop(rate, seconds)}
    load = asyncio.create_task(built.open_loop(rate, seconds))
    await asyncio.sleep(seconds / 2)
    insights.kill()
    found[KILLED] = await load
    load = asyncio.create_task(built.open_loop(rate, seconds))
    await insights.start()
    found[BEHIND] = await load
    return found


def _report(
    floor: list[float], most: float, loads: dict[float, Seen], beside: dict[str, Seen], rates: tuple[float, float]
) -> Part:
    with_insights, without = rates
    part = Part(
        "latency",
        "Latency under load",
        f"`POST /v1/clients` in an open loop at a share of the {most:,.0f} clients/s that went from request to mail in"
        " this run with 32 requests at once; each stage is timed from the moment at which the request was meant to be"
        " sent. The row's moment is when it is written, before the commit; a trigger notes it, at our expense. The mail"
        " is the mail server's 250. The floor is one commit, one produce with acks=all and one consume, one after the"
        " other on idle servers. Load generator, watchers and mail server run on the same machine.",
        ["| load | stage | p50 ms | p99 ms | max ms | clients |", "|---|---|---|---|---|---|"],
    )
    part.table.append(_row("–", "floor", floor))
    for share, seen in loads.items():
        part.table += [_row(f"{share:.0%}", stage, seen.waits(stage)) for stage in STAGES]
    part.table += ["", "| insights at 50 % | stage | p50 ms | p99 ms | max ms | clients |", "|---|---|---|---|---|---|"]
    for state, seen in beside.items():
        part.table += [_row(state, stage, seen.waits(stage)) for stage in (ROW, MAIL)]
    half = loads[HALF]
    added = 1e3 * (_cuts(half.waits(ROW))[98] - _cuts(floor)[98])
    part.goals = [
        Goal("p99 to the row over the floor's, at 50 %", 100, added, "ms", most=True),
        Goal("clients/s while insights runs, of those without", 0.95, ratio(with_insights, without)),
    ]
    part.plots = [("p99 in ms at 50 % (the line begins at p50)", [_bar(stage, half.waits(stage)) for stage in STAGES])]
    mail = 1e3 * (_cuts(half.waits(MAIL))[98] - _cuts(floor)[98])
    part.remarks = [
        f"As many requests as may be: {with_insights:,.0f} clients/s with insights, {without:,.0f} once it is killed.",
        f"p99 to the mail over the floor's, at 50 %: {mail:.0f} ms; that is twice through Kafka, and the mail server.",
    ]
    return part


def _cuts(seconds: list[float]) -> list[float]:
    return quantiles(seconds, n=100, method="inclusive")


def _row(load: str, stage: str, seconds: list[float]) -> str:
    if len(seconds) < 2:
        return f"| {load} | {stage} | – | – | – | {len(seconds)} |"
    cuts = _cuts(seconds)
    values = (cuts[49], cuts[98], max(seconds))
    return f"| {load} | {stage} | " + " | ".join(f"{1e3 * value:.0f}" for value in values) + f" | {len(seconds)} |"


def _bar(stage: str, seconds: list[float]) -> Bar:
    cuts = _cuts(seconds)
    half, late = 1e3 * cuts[49], 1e3 * cuts[98]
    return Bar(stage, late, half, late, f"{late:.0f} ms", True)
