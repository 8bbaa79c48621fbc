"""A contestant as a process: started with the common arguments, ended with SIGTERM, its words in a log."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.servers import Servers
from chassis.settings import environment
from tests.infrastructure import ROOT

STOP_SECONDS = 12.0

Process = subprocess.Popen[bytes]


class ContestantEnded(Exception):
    """A contestant ended before its work was done; the message has the end of its log."""


@asynccontextmanager
async def contestants(
    servers: Servers, module: str, prefix: str, dsn: str, replicas: int = 1, relay: bool = False
) -> AsyncIterator[list[Process]]:
    """Runs `replicas` processes of one program for as long as the block lasts."""
    processes = [_launch(servers, module, prefix, dsn, number, relay) for number in range(replicas)]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                await asyncio.to_thread(process.wait, STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)


def must_run(processes: list[Process], folder: Path) -> None:
    """Raises ContestantEnded where one of them has ended by itself."""
    for process in processes:
        if process.poll() is not None:
            log = max(folder.glob("contestant-*.log"), key=lambda path: path.stat().st_mtime)
            raise ContestantEnded(f"{process.args!r} ended with {process.returncode}\n{log.read_text()[-3000:]}")


def _launch(servers: Servers, module: str, prefix: str, dsn: str, number: int, relay: bool) -> Process:
    command = [sys.executable, "-m", f"bench.contestants.{module}", "--kafka", servers.infra.kafka]
    command += ["--prefix", prefix, "--dsn", dsn, "--folder", str(servers.folder)] + ["--relay"] * relay
    inherited = {name: value for name, value in environment().items() if not name.startswith("AKTIVERA_")}
    with (servers.folder / f"contestant-{module}-{number}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=ROOT, env=inherited, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
