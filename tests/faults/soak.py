"""The soak: faults in an order that a seed gives, under steady load; then the checkers, and a report."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.eventually import eventually
from tests.faults.bounds import bounds
from tests.faults.field import Field
from tests.faults.injections import FAULTS
from tests.infrastructure import ROOT
from tests.system import checker

FOLDER = ROOT / ".local" / "soak"
LIVE_SECONDS = 60.0
WATCHDOG_SECONDS = 60.0  # only then a hang is over
PER_SECOND = 2.0


@dataclass(frozen=True)
class Entry:
    """After `gap` seconds the fault `name` takes place, with chances of its own."""

    gap: float
    name: str
    seed: int


def schedule(seed: int) -> Iterator[Entry]:
    """Without end; each round has every fault once. The same seed gives the same faults with the same chances."""
    chance = Random(seed)
    while True:
        for name in chance.sample(sorted(FAULTS), len(FAULTS)):
            yield Entry(chance.uniform(1, 5), name, chance.randrange(2**32))


@dataclass
class Report:
    """What a run came to."""

    seed: int
    fired: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    clients: int = 0
    unknown: int = 0
    repeated: int = 0
    recovery_seconds: float = 0.0

    @property
    def never(self) -> list[str]:
        return sorted(FAULTS.keys() - self.fired.keys())

    def text(self) -> str:
        verdict = "all invariants hold" if not self.wrong and not self.never else "NOT KEPT"
        counts = f"{self.clients} clients, {self.unknown} mails unknown, {self.repeated} events repeated and dropped"
        lines = [
            f"## Seed {self.seed}: {verdict}",
            f"{counts}; all had arrived {self.recovery_seconds:.0f} s after the last fault.",
            *(f"- {each}" for each in self.wrong),
            "| fault | fired |\n|---|---|\n" + "\n".join(f"| {name} | {self.fired[name]} |" for name in sorted(FAULTS)),
        ]
        return "\n\n".join(lines) + "\n"

    def write(self) -> Path:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"seed-{self.seed}.md").write_text(self.text())
        whole = FOLDER / "report.md"
        parts = [part.read_text() for part in sorted(FOLDER.glob("seed-*.md"))]
        whole.write_text("# Soak\n\n" + "\n".join(parts))
        return whole


async def soak(on: Field, seed: int, seconds: float) -> Report:
    """Faults for so long, and each at least once; then everything must have arrived, once and in order."""
    report, stop = Report(seed), asyncio.Event()
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    hung_until = 0.0
    feeding = asyncio.ensure_future(on.feed(PER_SECOND, stop))
    for at, entry in enumerate(schedule(seed)):
        if report.wrong or (loop.time() > until and at >= len(FAULTS)):
            break
        await asyncio.sleep(entry.gap)
        try:
            await FAULTS[entry.name](on, Random(entry.seed))
            report.fired[entry.name] += 1
            if entry.name == "failpoint hang":
                hung_until = loop.time() + WATCHDOG_SECONDS
        except Exception as error:
            report.wrong.append(f"{at}: {entry.name}: {error!r} {traceback.format_exc(limit=-2)}")
    on.heal()
    stop.set()
    healed = loop.time()
    within = LIVE_SECONDS + max(0.0, hung_until - healed)
    try:
        await asyncio.wait_for(feeding, within)
        await on.ready()
        await eventually(lambda: checker.settled(on.rig), within=within, every=0.5)
    except (AssertionError, TimeoutError) as error:
        report.wrong.append(f"I10: {error!r}")
    report.recovery_seconds = loop.time() - healed
    found = await checker.check(on.rig, on.load.acknowledged)
    report.clients, report.unknown, report.repeated = found.clients, found.unknown, found.repeated
    report.wrong += found.faults + await bounds(on)
    return report
