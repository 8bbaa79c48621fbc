"""Owns `make mutants`: takes one promise's line out at a time and shows that the test of that promise turns red.

`python -m tests.mutants.run [PART OF A NAME…]`. Exit 1 where a mutant survives, is stale, or was not shown to run.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from chassis.settings import environment
from tests.infrastructure import ROOT, Infrastructure, start
from tests.mutants.every import MUTANTS
from tests.mutants.mutant import Mutant, StaleMutant

SECONDS = 180
ASSERTIONS = {"AssertionError", "Failed"}  # pytest's own for "did not raise"; that for a test that hangs is sorted out


@dataclass(frozen=True, slots=True)
class Result:
    """`killed`, or why this is not what was to be shown."""

    mutant: Mutant
    verdict: str
    seconds: float = 0.0
    said: str = ""


@dataclass
class Tree:
    """A copy of the tree in which one file at a time is changed, with one Kafka and one Postgres for all its tests."""

    root: Path
    servers: Infrastructure

    def run(self, tests: Sequence[str], mutated: str = "") -> dict[str, Any]:
        """What the witness saw of these tests. Raises RuntimeError where pytest did not come to an end."""
        seen = self.root / "witness.json"
        seen.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "tests.mutants.witness", *tests]
        command += [f"--witness={seen}", *([f"--mutated={mutated}"] if mutated else [])]
        command += [f"--basetemp={self.root.parent / 'pytest'}"]
        env = {
            **environment(),
            "AKTIVERA_TEST_KAFKA": self.servers.kafka,
            "AKTIVERA_TEST_POSTGRES": self.servers.superuser_dsn,
            "PYTHONDONTWRITEBYTECODE": "1",  # a mutant may be as long as what it replaces, and as old
        }
        limit = SECONDS * len(tests)
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=limit)
        if not seen.exists():
            raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        witness: dict[str, Any] = json.loads(seen.read_text("utf-8"))
        if not Path(witness["chassis"]).is_relative_to(self.root):
            raise RuntimeError(f"not the copy was tested, but {witness['chassis']}")
        return witness


def copied(target: Path) -> Path:
    """The tree as git would commit it now, new files included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
    return target


def stale(tree: Path, mutants: Sequence[Mutant]) -> list[Result]:
    """Those whose text is not there any more, or which are no Python."""
    found = []
    for mutant in mutants:
        try:
            mutant.apply((tree / mutant.file).read_text("utf-8"))
        except (StaleMutant, SyntaxError, OSError) as error:
            found.append(Result(mutant, "stale mutant", said=f"{type(error).__name__}: {error}"))
    return found


def judged(tree: Tree, mutant: Mutant) -> Result:
    """Runs the mutant's test on the mutated tree, and puts the file back."""
    file = tree.root / mutant.file
    source = file.read_text("utf-8")
    mutated, (first, last) = mutant.apply(source)
    file.write_text(mutated, "utf-8")
    began = monotonic()
    try:
        seen = tree.run([mutant.test], f"{mutant.file}:{first}-{last}")
        verdict, said = verdict_on(mutant, seen)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        verdict, said = "not run", str(error)
    finally:
        file.write_text(source, "utf-8")
    return Result(mutant, verdict, monotonic() - began, said)


def verdict_on(mutant: Mutant, seen: dict[str, Any]) -> tuple[str, str]:
    """A test that fails for another reason than what it asserts tells nothing of the promise."""
    when, kind, text = seen["failed"].get(mutant.test, ("", "", ""))
    said = f"{kind or 'no outcome'}: {text.strip().splitlines()[0][:110] if text.strip() else ''}"
    if not when and mutant.test not in seen["passed"]:
        return "broken, not killed", said
    if not seen["ran"]:
        return "never run", said
    if not when:
        return "survived", ""
    if when != "call" or kind not in ASSERTIONS or text.startswith("Timeout"):
        return "broken, not killed", said
    return "killed", said


def show(result: Result) -> None:
    mutant = result.mutant
    sys.stdout.write(f"{result.verdict:<10} {result.seconds:5.1f} s  {mutant.name}\n")
    sys.stdout.write(f"                    {mutant.promise}\n                    {mutant.test}\n")
    if result.said:
        sys.stdout.write(f"                    {result.said}\n")
    sys.stdout.flush()


def worked(tree: Tree, mutants: Sequence[Mutant]) -> list[Result]:
    """All mutants one by one, after their tests were green without any."""
    results = stale(tree.root, mutants)
    for each in results:
        show(each)
    left = [each for each in mutants if each not in [result.mutant for result in results]]
    tests = list(dict.fromkeys(each.test for each in left))
    began = monotonic()
    if not tests:
        return results
    seen = tree.run(tests)
    green = set(seen["passed"])
    sys.stdout.write(f"chassis is that of {Path(seen['chassis']).parent}\n")
    sys.stdout.write(f"without a mutant: {len(green)} of {len(tests)} tests green, {monotonic() - began:.0f} s\n\n")
    for mutant in left:
        failed = seen["failed"].get(mutant.test, "there is no such test")
        result = judged(tree, mutant) if mutant.test in green else Result(mutant, "red anyway", said=str(failed))
        results.append(result)
        show(result)
    return results


async def main(names: Sequence[str]) -> int:
    chosen = [each for each in MUTANTS if not names or any(name in each.name for name in names)]
    if not chosen:
        sys.stdout.write(f"no mutant has {' or '.join(names)} in its name\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="aktivera-mutants-") as name:
        folder = Path(name)
        servers = await start(folder)
        try:
            tree = Tree(copied(folder / "tree"), servers)
            results = await asyncio.to_thread(worked, tree, chosen)
        finally:
            await servers.stop()
    killed = [each for each in results if each.verdict == "killed"]
    seconds = sum(each.seconds for each in results)
    sys.stdout.write(f"\n{len(killed)} of {len(chosen)} mutants killed, {seconds:.0f} s\n")
    return 0 if len(killed) == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
