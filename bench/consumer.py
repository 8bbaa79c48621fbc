"""Consumers: the same client.created events through each contestant, to the same tables."""

from dataclasses import dataclass, field

from bench import events
from bench.contestants import CONSUMERS, L0, L1, OURS, Contestant
from bench.goals import Goal, ratio
from bench.measuring import Measured, middle, watch_offsets
from bench.outcome import Outcome, demanded, differences, expectations, outcome
from bench.plots import Bar
from bench.processes import ContestantEnded, contestants
from bench.report import Part
from bench.servers import Servers, database_of
from services.activation.__main__ import SERVICE


@dataclass(frozen=True)
class Sizes:
    """How many events, and how many rounds."""

    fast: int
    slow: int
    warm: int
    slow_warm: int
    rounds: int


FULL = Sizes(fast=200_000, slow=5_000, warm=10_000, slow_warm=500, rounds=4)
QUICK = Sizes(fast=20_000, slow=500, warm=2_000, slow_warm=50, rounds=1)


@dataclass
class Results:
    """What each contestant did in each round, and why it is void where it is."""

    runs: dict[str, list[Measured]] = field(default_factory=dict)
    void: dict[str, str] = field(default_factory=dict)

    def rate(self, contestant: Contestant) -> float | None:
        """The median, unless void."""
        if contestant.name in self.void or contestant.name not in self.runs:
            return None
        return middle([run.rate for run in self.runs[contestant.name]])[0]


@dataclass(frozen=True)
class Round:
    """One topic with its events, and what they must leave."""

    prefix: str
    events: int
    warm: int
    wanted: dict[str, int]


async def run(servers: Servers, quick: bool) -> Part:
    """All contestants, in an order that turns round each time: what drifts falls on all alike."""
    sizes, results = (QUICK if quick else FULL), Results()
    for number in range(sizes.rounds):
        fast = await prepared(servers, sizes.fast, sizes.warm, seed=number)
        slow = await prepared(servers, sizes.slow, sizes.slow_warm, seed=100 + number)
        order = CONSUMERS if number % 2 == 0 else CONSUMERS[::-1]
        left: dict[str, Outcome] = {}
        for contestant in order:
            place = slow if contestant.slow else fast
            try:
                measured, left[contestant.name] = await one(servers, contestant, place)
                results.runs.setdefault(contestant.name, []).append(measured)
                print(f"round {number + 1}: {contestant.label}: {measured.rate:.0f} events/s", flush=True)
            except ContestantEnded as fact:
                results.void[contestant.name] = str(fact)
        _compare(results, order, left, fast, slow)
    return report(results, sizes)


async def prepared(servers: Servers, count: int, warm: int, seed: int) -> Round:
    """A fresh topic, filled; and the numbers of rows that its events must leave, counted from the events themselves."""
    prefix = await servers.prefix("client-events", "agency-events")
    clients: set[bytes] = set()
    events.fill(servers.infra.kafka, f"{prefix}client-events", events.noting(events.stream(count, seed=seed), clients))
    return Round(prefix, count, warm, demanded(len(clients)))


async def one(servers: Servers, contestant: Contestant, place: Round, replicas: int = 1) -> tuple[Measured, Outcome]:
    """One contestant on a database of its own."""
    dsn = await servers.infra.database(SERVICE)
    if contestant is L0:
        await servers.superuser(
            "create table raw_records (key bytea, value bytea)",
            "grant insert on raw_records to activation",
            database=database_of(dsn),
        )
    await servers.settle()
    async with contestants(servers, contestant.name, place.prefix, dsn, replicas) as processes:
        measured = await watch_offsets(servers, processes, dsn, place.events, place.warm)
    left = await outcome(dsn)
    await servers.drop(dsn)
    return measured, left


def _compare(
    results: Results, order: tuple[Contestant, ...], left: dict[str, Outcome], fast: Round, slow: Round
) -> None:
    """Each against the first of its size, and against the events."""
    for place, size in ((fast, False), (slow, True)):
        there = [each for each in order if each.slow is size and each.compared and each.name in left]
        for each in there:
            reference = left[there[0].name] if size else left.get(OURS.name, left[there[0].name])
            wrong = expectations(left[each.name], place.wanted) or differences(reference, left[each.name])
            if wrong:
                results.void[each.name] = wrong


def report(results: Results, sizes: Sizes) -> Part:
    part = Part(
        "consumer",
        "Consumers on the same work",
        f"{_thousands(sizes.fast)} `client.created` events (about 700 bytes, 12 partitions, 2 % repeated),"
        f" {_thousands(sizes.slow)} for those that take one event at a time; {sizes.rounds} rounds, the order turned"
        " round each time, a fresh topic for each round and a fresh database for each run. Measured is what is"
        " committed. All decode with the same model, decide with activation's own function and leave the same rows:"
        " activation, licences, the answer in the outbox, the version seen, the offset; else void. L1 keeps no"
        " promise: no lock, no version read, no look at held events. L0 only copies bytes.",
    )
    part.table = ["| | events/s, median (least–largest) | to L1 | µs CPU/event: Python | Postgres | broker | MB | |"]
    part.table.append("|---|---|---|---|---|---|---|---|")
    shown: list[Bar] = []
    for contestant in CONSUMERS:
        if contestant.name in results.runs:
            rate, least, largest = middle([run.rate for run in results.runs[contestant.name]])
            part.table.append(_row(results, contestant))
            shown.append(Bar(contestant.label, rate, least, largest, f"{rate:,.0f}/s", contestant is OURS))
    part.remarks = [f"{name}: void: {reason}" for name, reason in results.void.items()]
    part.plots = [("Events per second, committed", sorted(shown, key=lambda bar: -bar.value))]
    part.goals = _goals(results)
    return part


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _row(results: Results, contestant: Contestant) -> str:
    runs = results.runs[contestant.name]
    rate, least, largest = middle([run.rate for run in runs])
    to_limit = ratio(rate, results.rate(L1))
    cpu = [
        f"{middle([getattr(run, who) / run.events for run in runs])[0] * 1e6:.0f}"
        for who in ("python", "postgres", "broker")
    ]
    resident = middle([run.resident_mb for run in runs])[0]
    state = "void" if contestant.name in results.void else "" if contestant.compared else "not the same work"
    return (
        f"| {contestant.label} | {rate:,.0f} ({least:,.0f}–{largest:,.0f}) | {to_limit or 0:.2f} | {' | '.join(cpu)}"
        f" | {resident:.0f} | {state} |"
    )


def _goals(results: Results) -> list[Goal]:
    ours = results.rate(OURS)
    by_name = {contestant.name: contestant for contestant in CONSUMERS}
    wanted = {
        "limit": 0.80,
        "one_by_one": 15,
        "faststream_each": 15,
        "faust_take": 1.5,
        "faststream_batch": 1.2,
        "executemany": 1.2,
    }
    return [
        Goal(f"consumer against {by_name[name].label}", least, ratio(ours, results.rate(by_name[name])))
        for name, least in wanted.items()
    ]
