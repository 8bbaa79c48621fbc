"""A running activation service on a fresh database."""

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
from services.activation.__main__ import SERVICE
from services.activation.settings import ActivationSettings
from tests.integration.activation.running import KEY_ID, Running


@pytest.fixture(scope="session")
def key() -> RSAKey:
    """The issuer's key."""
    return RSAKey.generate_key(2048, {"kid": KEY_ID})


@pytest.fixture
async def running(
    database_for: Callable[[Service], Awaitable[str]], tmp_path: Path, key: RSAKey
) -> AsyncIterator[Running]:
    keys = tmp_path / "keys.json"
    keys.write_bytes(orjson.dumps(KeySet([key]).as_dict(private=False)))
    common = CommonSettings(environment="test", token_keys_file=keys)
    settings = ActivationSettings(database_dsn=await database_for(SERVICE))
    context = await opened(SERVICE, common, settings)
    app = httpx.ASGITransport(create_app(context))
    async with httpx.AsyncClient(transport=app, base_url="http://activation") as http:
        yield Running(context, http, key)
    await context.database.pool.close()
