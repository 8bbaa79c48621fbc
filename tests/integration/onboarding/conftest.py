"""A running onboarding service on a fresh database, with a vault of its own."""

import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import orjson
import pytest
from joserfc.jwk import KeySet, RSAKey

from chassis.app import create_app
from chassis.lifecycle import opened
from chassis.service import Service
from chassis.settings import CommonSettings
from services.onboarding import vault
from services.onboarding.__main__ import SERVICE
from services.onboarding.settings import OnboardingSettings
from tests.integration.onboarding.running import KEY_ID, Running


@pytest.fixture(scope="session")
def key() -> RSAKey:
    """The issuer's key."""
    return RSAKey.generate_key(2048, {"kid": KEY_ID})


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vault's two secrets, where the service looks for them."""
    for name in ("key", "pepper"):
        path = tmp_path / name
        path.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
        monkeypatch.setenv(f"ONBOARDING_VAULT_{name.upper()}_FILE", str(path))
    vault.opened.cache_clear()


@pytest.fixture
async def running(
    database_for: Callable[[Service], Awaitable[str]], tmp_path: Path, key: RSAKey, secrets: None
) -> AsyncIterator[Running]:
    keys = tmp_path / "keys.json"
    keys.write_bytes(orjson.dumps(KeySet([key]).as_dict(private=False)))
    common = CommonSettings(environment="test", token_keys_file=keys)
    settings = OnboardingSettings(database_dsn=await database_for(SERVICE))
    context = await opened(SERVICE, common, settings)
    app = httpx.ASGITransport(create_app(context))
    async with httpx.AsyncClient(transport=app, base_url="http://onboarding") as http:
        yield Running(context, http, key)
    await context.database.pool.close()
    vault.opened.cache_clear()
