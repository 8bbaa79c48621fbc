"""docs/onboarding.md: its commands are run as they stand there, against a service that listens."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import uvicorn

from aktivera.local.ports import LOOPBACK, free_port
from chassis.app import create_app
from chassis.heartbeats import Heartbeats
from chassis.jobs import run_jobs
from chassis.settings import environment
from tests.eventually import eventually
from tests.infrastructure import ROOT
from tests.integration.onboarding.running import Running

COMMANDS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "onboarding.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
async def address(running: Running) -> AsyncIterator[str]:
    """Where the service listens; its jobs run beside."""
    port = free_port()
    config = uvicorn.Config(create_app(running.context), port=port, log_config=None, lifespan="off", loop="none")
    server = uvicorn.Server(config)
    jobs = running.context.service.jobs(running.context.settings)
    tasks = [
        asyncio.create_task(server.serve()),
        asyncio.create_task(run_jobs(running.context.database, Heartbeats(), jobs)),
    ]

    async def started() -> bool:
        return server.started

    await eventually(started, within=10)
    yield f"http://{LOOPBACK}:{port}/v1"
    tasks[1].cancel()
    server.should_exit = True
    await asyncio.wait(tasks, timeout=10)


async def test_the_commands_do_what_the_page_says(running: Running, address: str) -> None:
    await running.register_agency()
    token = running.token(name="Karin Ek")["Authorization"].removeprefix("Bearer ")
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        "\n".join(COMMANDS),
        cwd=ROOT,
        env={**environment(), "API": address, "TOKEN": token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, errors = await asyncio.wait_for(shell.communicate(), 60)
    finally:
        if shell.returncode is None:
            shell.kill()
            await shell.wait()
    assert shell.returncode == 0, (out, errors)

    async def named() -> bool:
        rows = await running.rows("select name, origin from clients order by name")
        return [(row["name"], row["origin"]) for row in rows] == [
            ("Andra AB", "csv"),
            ("Första AB", "csv"),
            ("Utkast AB", "wizard"),
        ]

    await eventually(named, within=20)
