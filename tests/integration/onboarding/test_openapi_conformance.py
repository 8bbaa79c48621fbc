"""Onboarding answers as its /openapi.json says, whatever is asked: Schemathesis with all its checks finds nothing."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.settings import environment
from tests.infrastructure import Infrastructure
from tests.system.rig import Rig

CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture
async def rig(infra: Infrastructure, prefix: str, tmp_path: Path) -> AsyncIterator[Rig]:
    built = await Rig.build(infra, prefix, tmp_path)
    try:
        await built.start("onboarding")
        await built.directory()
        yield built
    finally:
        built.stop()


async def finds_nothing(rig: Rig, seconds: int) -> None:
    """Fails with what Schemathesis reports within so many seconds."""
    headers = rig.token("anna", "client_manager", "agency_admin", "operator")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(CONFIG),
        "run",
        f"{rig.url('onboarding')}/openapi.json",
        f"--header=Authorization: {headers['Authorization']}",
        "--checks=all",
        f"--max-time={seconds}",
        "--seed=7",
        "--request-timeout=10",
        "--no-color",
        cwd=rig.folder,
        env={**environment(), "COLUMNS": "150"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), seconds + 120)
    assert process.returncode == 0, output.decode()


async def test_schemathesis_finds_nothing_in_ten_seconds(rig: Rig) -> None:
    await finds_nothing(rig, 10)


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_schemathesis_finds_nothing_in_two_minutes(rig: Rig) -> None:
    await finds_nothing(rig, 120)
