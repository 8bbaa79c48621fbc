"""Environment and clock have one home each: ruff refuses them elsewhere (TID251)."""

import subprocess
import sys

import pytest

from tests.house.tree import ROOT

ENVIRONMENT = (
    'import os\n\nVALUE = os.environ["X"]\n',
    'from os import environ\n\nVALUE = environ["X"]\n',
    'import os\n\nVALUE = os.getenv("X")\n',
)
CLOCK = (
    "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
    "import datetime as dates\n\nNOW = dates.datetime.now(dates.UTC)\n",
    "from datetime import datetime\n\nNOW = datetime.utcnow()\n",
    "import time\n\nNOW = time.time()\n",
)
ELSEWHERE = ("schemas/x.py", "chassis/x.py", "services/activation/x.py", "aktivera/x.py", "aktivera/local/x.py")


def refusals(file: str, source: str) -> list[str]:
    """What ruff says about `source` as if it were `file`, one line each, TID251 alone."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "--select=TID251"]
    done = subprocess.run(
        [*command, f"--stdin-filename={file}", "-"], input=source, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if "TID251" in line]


@pytest.mark.parametrize("file", ELSEWHERE)
@pytest.mark.parametrize("source", [*ENVIRONMENT, *CLOCK])
def test_environment_and_clock_are_refused_outside_their_homes(file: str, source: str) -> None:
    assert len(refusals(file, source)) == 1


@pytest.mark.parametrize("source", ENVIRONMENT)
def test_settings_may_read_the_environment(source: str) -> None:
    assert refusals("chassis/settings.py", source) == []


@pytest.mark.parametrize("source", CLOCK)
def test_the_clock_may_ask_the_machine(source: str) -> None:
    assert refusals("chassis/clock.py", source) == []


def test_nothing_shipped_switches_the_rule_off() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select=TID251", "--ignore-noqa"]
    done = subprocess.run(
        [*command, "schemas", "chassis", "services", "aktivera"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
