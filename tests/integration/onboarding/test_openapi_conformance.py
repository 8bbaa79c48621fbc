"""Onboarding answers as its /openapi.json says, whatever is asked: Schemathesis finds nothing."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from chassis.settings import environment
from tests.infrastructure import Infrastructure
from tests.system.rig import Rig

CONFIG = Path(__file__).with_name("schemathesis.toml")
NOT_ASKED_FOR = {"max_response_time", "object_level_authorization"}
"""Made only where a limit, or two peers, are given."""


@pytest.fixture
async def rig(infra: Infrastructure, prefix: str, tmp_path: Path) -> AsyncIterator[Rig]:
    built = await Rig.build(infra, prefix, tmp_path)
    try:
        await built.start("onboarding")
        await built.directory()
        yield built
    finally:
        built.stop()


def command(rig: Rig, seconds: int) -> list[str]:
    """It names no checks: all are made then, and one that is named on the command line overrules the file."""
    headers = rig.token("anna", "client_manager", "agency_admin", "operator")
    run = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"]
    run += [f"{rig.url('onboarding')}/openapi.json", f"--header=Authorization: {headers['Authorization']}"]
    return [*run, f"--max-time={seconds}", "--seed=7", "--request-timeout=10", "--no-color"]


async def finds_nothing(rig: Rig, seconds: int) -> None:
    """Fails with what Schemathesis reports within so many seconds."""
    process = await asyncio.create_subprocess_exec(
        *command(rig, seconds),
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


async def test_every_check_is_made_but_that_a_consultant_is_gone_at_once(rig: Rig) -> None:
    assert not [word for word in command(rig, 1) if word.startswith(("--checks", "--exclude-checks", "-c"))]
    async with httpx.AsyncClient() as client:
        document = (await client.get(f"{rig.url('onboarding')}/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_path(CONFIG))
    not_made = defaultdict(set)
    for each in schema.get_all_operations():
        assert isinstance(each, Ok)
        operation = each.ok()
        for phase in ("examples", "coverage", "fuzzing", "stateful"):
            made = schema.config.checks_config_for(operation=operation, phase=phase)
            for name in set(CHECKS.get_all_names()) - NOT_ASKED_FOR:
                if not made.get_by_name(name=name).enabled:
                    not_made[name].add(operation.path)
    consultant = "/v1/agencies/{agency}/consultants/{sub}"
    assert not_made == {"use_after_free": {consultant, f"{consultant}/removals/{{request_id}}"}}
