"""A test run that is told to end leaves no server running; what a killed one left in memory goes with the next."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from aktivera.local.process_identity import identity_of, is_alive
from tests import in_memory
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
    run, servers = await _hanging(tmp_path)
    try:
        run.send_signal(number)
        assert run.wait(60) != 0
    finally:
        run.kill()
    assert not [pid for pid in servers if runs(pid)]
    assert not _left_in_memory(run)


async def test_what_a_killed_run_left_in_memory_goes_with_the_next_run(tmp_path: Path) -> None:
    run, servers = await _hanging(tmp_path)
    run.kill()
    run.wait(10)
    kafka, postgres = servers
    if not _left_in_memory(run):
        os.kill(kafka, signal.SIGKILL)
        os.kill(postgres, signal.SIGQUIT)
        pytest.skip("the data of a test run does not lie in memory here")
    try:
        in_memory.clear()
        assert not _left_in_memory(run)

        async def ended() -> bool:
            return not runs(postgres)

        await eventually(ended, within=20)
    finally:
        for pid in servers:
            if runs(pid):
                os.kill(pid, signal.SIGKILL)


def test_data_lies_in_the_folder_of_the_run_where_memory_is_scarce(tmp_path: Path) -> None:
    assert in_memory.place_for_data(tmp_path / "data", tmp_path, 1 << 60) == tmp_path / "data"
    place = in_memory.place_for_data(tmp_path / "data", tmp_path, 0)
    assert place.parent == tmp_path
    in_memory.clear(tmp_path)
    assert place.exists(), "it is that of a run which goes on"


async def _hanging(folder: Path) -> "tuple[subprocess.Popen[bytes], list[int]]":
    """A run in the middle of a test, and the pids of its Kafka and its Postgres."""
    told = folder / "told"
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    (folder / "test_hangs.py").write_text(HANGS.format(told=str(told)))
    where = ["-c", str(ROOT / "pyproject.toml"), f"--rootdir={folder}", f"--basetemp={folder}/base", str(folder)]
    run = _started(where, folder / "log")

    async def hangs() -> bool:
        assert told.exists(), (folder / "log").read_text()[-2000:]
        return True

    try:
        await eventually(hangs, within=60)
    except BaseException:
        run.terminate()
        raise
    servers = [int(pid) for pid in told.read_text().split()]
    assert len(servers) == 2
    return run, servers


def _left_in_memory(run: "subprocess.Popen[bytes]") -> list[Path]:
    return list(in_memory.MEMORY.glob(f"aktivera-test-{run.pid}-*"))


def _started(arguments: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    told_to = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    command = [sys.executable, "-m", "pytest", *arguments]
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, preexec_fn=told_to)


def runs(pid: int) -> bool:
    identity = identity_of(pid)
    return identity is not None and is_alive(identity)
