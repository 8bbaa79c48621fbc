"""A test run that is told to end leaves no server running."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.infrastructure import ROOT

HANGS = """
import asyncio
from pathlib import Path


async def test_it_hangs(infra):
    pids = [str(each.pid) for each in infra.nodes.running.values()]
    Path({told!r} + ".new").write_text(" ".join(pids))
    Path({told!r} + ".new").rename({told!r})
    await asyncio.sleep(120)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
async def test_a_run_that_is_told_to_end_ends_its_servers(number: signal.Signals, tmp_path: Path) -> None:
    told = tmp_path / "told"
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_hangs.py").write_text(HANGS.format(told=str(told)))
    arguments = [
        "-c",
        str(ROOT / "pyproject.toml"),
        f"--rootdir={tmp_path}",
        f"--basetemp={tmp_path}/base",
        str(tmp_path),
    ]
    run = _started(arguments, tmp_path / "log")

    async def hangs() -> bool:
        assert told.exists(), (tmp_path / "log").read_text()[-2000:]
        return True

    try:
        await eventually(hangs, within=60)
        servers = told.read_text().split()
        assert len(servers) == 2
        run.send_signal(number)
        assert run.wait(60) != 0
    finally:
        run.kill()
    assert not [pid for pid in servers if runs(int(pid))]


def _started(arguments: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    told_to = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    command = [sys.executable, "-m", "pytest", *arguments]
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, preexec_fn=told_to)


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
