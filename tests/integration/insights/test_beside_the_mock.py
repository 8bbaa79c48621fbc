"""Statistics beside the mock broker, which knows no times: what is asked of it for a moment has no answer."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.settings import CommonSettings
from tests.eventually import eventually
from tests.infrastructure import ROOT
from tests.integration.insights.history import Past
from tests.integration.insights.running import Insights


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[Path]:
    """Where a mock broker that runs writes its address."""
    address = tmp_path / "address"
    command = [sys.executable, "-m", "aktivera.local.mock_broker", "--address-file", str(address)]
    process = subprocess.Popen(command, cwd=ROOT)
    yield address
    process.terminate()
    process.wait(10)


def address_in(file: Path) -> str:
    """What the mock has written there; nothing before it runs."""
    return file.read_text().strip() if file.exists() else ""


@pytest.mark.usefixtures("committing")  # the mock makes a group wait for three seconds
async def test_beside_the_mock_all_is_counted_too_before_and_after_the_start(mock: Path, tmp_path: Path) -> None:
    """The mock makes a topic at its first use. To begin where it ends would show nothing, and call that complete."""

    async def told() -> str:
        return address_in(mock)

    common = CommonSettings(environment="test", kafka_bootstrap=await eventually(told, within=30))
    insights = Insights.of(common, tmp_path)
    past = Past(7).history(200)
    await past.send(common)
    await insights.start()
    try:
        await insights.has_read(len(past.records))
        more = Past(8).history(100)
        await more.send(common)
        await insights.has_read(len(past.records) + len(more.records))
    finally:
        insights.kill()
