"""A rig with all three services, one replica each, for tests of the whole road."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.infrastructure import Infrastructure
from tests.system.rig import Rig


@pytest.fixture
async def rig(infra: Infrastructure, prefix: str, tmp_path: Path) -> AsyncIterator[Rig]:
    built = await Rig.build(infra, prefix, tmp_path)
    built.start_mail()
    try:
        replicas = [built.launch(service) for service in ("onboarding", "activation", "notifier")]
        for replica in replicas:
            await built.ready(replica)
        await built.directory()
        yield built
    finally:
        built.stop()
