"""How long a client takes under load, stage by stage, beside the floor."""

from statistics import quantiles

from bench.goals import Goal
from bench.half_load import one_after_the_other
from bench.plots import Bar
from bench.report import Part
from bench.road import BELL, MAIL, ROW, STAGES, Seen, road
from bench.servers import Servers

LOADS = (0.1, 0.5, 0.8)
HALF, TURNS = 0.5, 3


async def run(servers: Servers, quick: bool) -> Part:
    clients, seconds, floors = (400, 4.0, 50) if quick else (2_000, 15.0, 300)
    floor = await one_after_the_other(servers, floors)
    async with road(servers) as built:
        await built.most(clients // 4)
        most = await built.most(clients)
        turns = {
            share: [await built.open_loop(most * share, seconds) for _ in range(TURNS if share == HALF else 1)]
            for share in LOADS
        }
    return _report(floor, most, turns)


def late(seen: Seen) -> float:
    """p99 to the row, in seconds."""
    return cuts(seen.waits(ROW))[98]


def _report(floor: list[float], most: float, turns: dict[float, list[Seen]]) -> Part:
    loads = {share: sorted(of, key=late)[len(of) // 2] for share, of in turns.items()}
    part = Part(
        "latency",
        "Latency under load",
        f"`POST /v1/clients` in an open loop at a share of the {most:,.0f} clients/s that went from request to mail in"
        " this run with 32 requests at once; each stage is timed from the moment at which the request was meant to be"
        " sent. The row's moment is when it is written, before the commit; a trigger notes it, at our expense. The mail"
        " is the mail server's 250; the bell's item is timed at the reader of a stream; what is in Kafka, by the"
        f" broker's log. Half load had {TURNS} turns, of which the middle one is shown. The floor is one commit, one"
        " produce with acks=all and one consume, one after the other on idle servers. Load"
        " generator, watchers and mail server run on the same machine.",
        ["| load | stage | p50 ms | p99 ms | max ms | clients |", "|---|---|---|---|---|---|"],
    )
    part.table.append(row("–", "floor", floor))
    for share, seen in loads.items():
        part.table += [row(f"{share:.0%}", stage, seen.waits(stage)) for stage in STAGES]
    half = loads[HALF]
    added = 1e3 * (late(half) - cuts(floor)[98])
    part.goals = [Goal("p99 to the row over the floor's, at 50 %", 100, added, "ms", most=True)]
    part.plots = [("p99 in ms at 50 % (the line begins at p50)", [_bar(stage, half.waits(stage)) for stage in STAGES])]
    bell, mail = (1e3 * (cuts(half.waits(stage))[98] - cuts(floor)[98]) for stage in (BELL, MAIL))
    part.remarks = [
        f"p99 to the row in the turns at 50 %: {', '.join(f'{1e3 * late(each):.0f}' for each in turns[HALF])} ms.",
        f"p99 over the floor's, at 50 %: bell {bell:.0f} ms, mail {mail:.0f} ms; both went through Kafka twice.",
    ]
    return part


def cuts(seconds: list[float]) -> list[float]:
    """The percentiles from the first to the 99th."""
    return quantiles(seconds, n=100, method="inclusive")


def row(load: str, stage: str, seconds: list[float]) -> str:
    """A line of the table: p50, p99 and the longest, in ms, and how many there were."""
    if len(seconds) < 2:
        return f"| {load} | {stage} | – | – | – | {len(seconds)} |"
    found = cuts(seconds)
    values = (found[49], found[98], max(seconds))
    return f"| {load} | {stage} | " + " | ".join(f"{1e3 * value:.0f}" for value in values) + f" | {len(seconds)} |"


def _bar(stage: str, seconds: list[float]) -> Bar:
    found = cuts(seconds)
    half, late = 1e3 * found[49], 1e3 * found[98]
    return Bar(stage, late, half, late, f"{late:.0f} ms", True)
