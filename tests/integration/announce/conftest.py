"""The three services, each on a fresh database, in this process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from chassis import kafka
from chassis.service import Service
from schemas.topics import TOPICS
from services.activation.__main__ import SERVICE as ACTIVATION
from services.activation.settings import ActivationSettings
from services.notifier.__main__ import SERVICE as NOTIFIER
from services.notifier.settings import NotifierSettings
from services.onboarding import vault
from services.onboarding.__main__ import SERVICE as ONBOARDING
from services.onboarding.settings import OnboardingSettings
from tests.infrastructure import Infrastructure
from tests.integration.announce.town import Resident
from tests.integration.in_process import in_process
from tests.link_keys import write_link_keys
from tests.vault_secrets import write_vault_secrets

Databases = Callable[[Service], Awaitable[str]]


@pytest.fixture
async def onboarding(
    database_for: Databases, tmp_path: Path, issuer: RSAKey, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Resident]:
    for name, value in write_vault_secrets(tmp_path).items():
        monkeypatch.setenv(name, value)
    vault.opened.cache_clear()
    settings = OnboardingSettings(database_dsn=await database_for(ONBOARDING))
    async with in_process(ONBOARDING, settings, tmp_path, issuer) as (context, http):
        yield Resident(context, http, issuer)
    vault.opened.cache_clear()


@pytest.fixture
async def activation(database_for: Databases, tmp_path: Path, issuer: RSAKey) -> AsyncIterator[Resident]:
    links = write_link_keys(tmp_path / "link-keys.json")
    settings = ActivationSettings(database_dsn=await database_for(ACTIVATION), link_keys_file=links)
    async with in_process(ACTIVATION, settings, tmp_path, issuer) as (context, http):
        yield Resident(context, http, issuer)


@pytest.fixture
async def notifier(database_for: Databases, tmp_path: Path, issuer: RSAKey) -> AsyncIterator[Resident]:
    async with _notifier(await database_for(NOTIFIER), tmp_path, issuer) as resident:
        yield resident


@pytest.fixture
async def notifier_on_kafka(
    database_for: Databases, tmp_path: Path, issuer: RSAKey, infra: Infrastructure, prefix: str
) -> AsyncIterator[Resident]:
    """One that can be asked about its topics."""
    given = {"kafka_bootstrap": infra.kafka, "topic_prefix": prefix, "topic_partitions": 1}
    async with _notifier(await database_for(NOTIFIER), tmp_path, issuer, **given) as resident:
        await kafka.create_topics(resident.context.common, [(name, 1) for name in TOPICS])
        yield resident


@asynccontextmanager
async def _notifier(database: str, folder: Path, issuer: RSAKey, **given: Any) -> AsyncIterator[Resident]:
    settings = NotifierSettings(database_dsn=database, link_keys_file=write_link_keys(folder / "link-keys.json"))
    async with in_process(NOTIFIER, settings, folder, issuer, **given) as (context, http):
        await context.database.execute("update mail_gate set held = false")  # its database is not new any more
        yield Resident(context, http, issuer)
