"""What tests share: one Kafka and one Postgres for the run; a database and a topic prefix for each test that asks."""

import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, settings

from chassis.ids import uuid7
from chassis.service import Service
from tests import infrastructure
from tests.infrastructure import Infrastructure

# How fast a machine makes examples is no property of ours: a slow one may take its time.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
async def infra(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Infrastructure]:
    """The servers of this run."""
    folder: Path = tmp_path_factory.mktemp("infrastructure")
    started = await infrastructure.start(folder)
    yield started
    await started.stop()


@pytest.fixture
async def database_for(infra: Infrastructure) -> AsyncIterator[Callable[[Service], Awaitable[str]]]:
    """A fresh migrated database, gone after the test: `address = await database_for(SERVICE)`."""
    made: list[str] = []

    async def make(service: Service) -> str:
        made.append(await infra.database(service))
        return made[-1]

    yield make
    await infra.drop(*made)


@pytest.fixture
def prefix() -> str:
    """A topic prefix of the test's own."""
    return f"t{uuid7().hex[-10:]}-"


def pytest_configure() -> None:
    """A run that is told to end leaves no servers, as one that is interrupted at the keyboard leaves none."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What each folder costs: the shares of `make test` are looked at here, and asserted nowhere."""
    seconds: dict[str, float] = defaultdict(float)
    reports = (each for many in terminalreporter.stats.values() for each in many)
    for report in reports:
        if isinstance(report, pytest.TestReport):
            folders = PurePosixPath(report.nodeid.split("::")[0]).parts[1:-1]
            seconds["/".join(folders[:2])] += report.duration
    if sum(seconds.values()) > 60:
        most = sorted(seconds.items(), key=lambda each: -each[1])
        told = ", ".join(f"{folder} {spent:.0f}" for folder, spent in most if spent >= 1)
        terminalreporter.write_line(f"seconds by folder: {told}")
