"""PROMISE: a service that is told to end while it starts ends at once and in order, whatever it is at."""

import asyncio
import base64
import os
import signal
import sys
from pathlib import Path

import pytest

from aktivera.local.ports import LOOPBACK
from chassis.settings import environment
from tests.infrastructure import ROOT
from tests.vault_secrets import vault_settings, write_vault_secrets

START_SECONDS = 60.0
STOP_SECONDS = 4.0  # less than a look at a silent database takes
TELLS_ITS_OWN_PROCESS = "import os, signal\nos.kill(os.getpid(), signal.{})\nraise SystemExit(3)\n"


async def launch(service: str, **settings: str) -> asyncio.subprocess.Process:
    inherited = {key: value for key, value in environment().items() if not key.startswith("AKTIVERA_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{service}", cwd=ROOT, env=inherited | settings
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("service", ["onboarding", "activation", "notifier", "insights"])
async def test_a_service_ends_in_order_while_it_imports(service: str, number: signal.Signals, tmp_path: Path) -> None:
    """Would fail where a heavy import comes before the handler: of pydantic here stands one that sends the signal."""
    (tmp_path / "pydantic.py").write_text(TELLS_ITS_OWN_PROCESS.format(number.name))
    process = await launch(service, PYTHONPATH=str(tmp_path))
    assert await asyncio.wait_for(process.wait(), START_SECONDS) == 0


async def test_a_service_ends_in_order_while_its_database_is_silent(tmp_path: Path) -> None:
    asked = asyncio.Event()

    def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent.append(writer)
        asked.set()

    silent: list[asyncio.StreamWriter] = []
    write_vault_secrets(tmp_path)
    (tmp_path / "held-key").write_text(base64.b64encode(os.urandom(32)).decode())
    async with await asyncio.start_server(accepted, LOOPBACK) as server:
        port = server.sockets[0].getsockname()[1]
        process = await launch(
            "onboarding",
            AKTIVERA_ENVIRONMENT="test",
            AKTIVERA_HELD_KEY_FILE=str(tmp_path / "held-key"),
            ONBOARDING_DATABASE_DSN=f"postgresql://onboarding@{LOOPBACK}:{port}/onboarding",
            **vault_settings(tmp_path),
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await asked.wait()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), STOP_SECONDS) == 0
        finally:
            for writer in silent:
                writer.close()
