"""A running onboarding service on a fresh database, with a vault of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from chassis.readers import Readers
from chassis.service import Service
from services.onboarding import vault
from services.onboarding.__main__ import SERVICE
from services.onboarding.settings import OnboardingSettings
from tests.infrastructure import Infrastructure
from tests.integration.in_process import in_process
from tests.integration.onboarding.reading import Reading
from tests.integration.onboarding.running import Running
from tests.vault_secrets import write_vault_secrets


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vault's secrets, where the service looks for them."""
    for name, value in write_vault_secrets(tmp_path).items():
        monkeypatch.setenv(name, value)
    vault.opened.cache_clear()


@pytest.fixture
async def reading(  # what it is made of
    database_for: Callable[[Service], Awaitable[str]],
    tmp_path: Path,
    issuer: RSAKey,
    secrets: None,
    infra: Infrastructure,
    prefix: str,
) -> AsyncIterator[Reading]:
    """Beside its routes, its loops on real Kafka: readers of sources, its own consumer, relay and retrier."""
    settings = OnboardingSettings(database_dsn=await database_for(SERVICE))
    given = {"kafka_bootstrap": infra.kafka, "topic_prefix": prefix, "topic_partitions": 3}
    async with in_process(SERVICE, settings, tmp_path, issuer, **given) as (context, http):
        reading = Reading(context, http, issuer, Readers(context))
        async with reading.loops():
            yield reading
    vault.opened.cache_clear()


@pytest.fixture
async def running(
    database_for: Callable[[Service], Awaitable[str]],
    tmp_path: Path,
    issuer: RSAKey,
    secrets: None,
    infra: Infrastructure,
) -> AsyncIterator[Running]:
    settings = OnboardingSettings(database_dsn=await database_for(SERVICE))
    async with in_process(SERVICE, settings, tmp_path, issuer, kafka_bootstrap=infra.kafka) as (context, http):
        yield Running(context, http, issuer)
    vault.opened.cache_clear()
