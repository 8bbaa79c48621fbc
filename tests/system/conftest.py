"""A rig with all three services, one replica each, for tests of the whole road."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.infrastructure import Infrastructure
from tests.system.rig import Rig


@pytest.fixture
def replicas() -> tuple[str, ...]:
    """The processes of a rig, by service; a test module may want others."""
    return ("onboarding", "activation", "notifier")


@pytest.fixture
async def rig(infra: Infrastructure, prefix: str, tmp_path: Path, replicas: tuple[str, ...]) -> AsyncIterator[Rig]:
    built = await Rig.build(infra, prefix, tmp_path)
    built.start_mail()
    try:
        for replica in [built.launch(service) for service in replicas]:
            await built.ready(replica)
        await built.directory()
        yield built
    finally:
        built.stop()
        await infra.drop(*built.databases.values())
