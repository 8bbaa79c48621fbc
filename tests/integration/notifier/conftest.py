"""A running notifier on a fresh database, with a mail server of its own."""

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
from services.notifier.__main__ import SERVICE
from services.notifier.settings import NotifierSettings
from tests.integration.notifier.mail_server import mail_server
from tests.integration.notifier.running import KEY_ID, Running


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
    async with mail_server() as server:
        settings = NotifierSettings(
            database_dsn=await database_for(SERVICE),
            smtp_port=server.port,
            smtp_tls="none",
            mail_retry_delays_seconds=(0.05,),
            mail_poll_seconds=0.05,
            mail_stop_seconds=1,
        )
        contexts = [await opened(SERVICE, common, settings) for _ in range(2)]
        app = httpx.ASGITransport(create_app(contexts[0]))
        async with httpx.AsyncClient(transport=app, base_url="http://notifier") as http:
            yield Running(contexts[0], http, key, server, contexts)
        for context in contexts:
            await context.database.pool.close()
