"""A running notifier on a fresh database, with a second replica and a mail server of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from chassis.lifecycle import opened
from chassis.service import Service
from services.notifier.__main__ import SERVICE
from services.notifier.settings import NotifierSettings
from tests.integration.in_process import in_process
from tests.integration.notifier.mail_server import mail_server
from tests.integration.notifier.running import Running


@pytest.fixture
async def running(
    database_for: Callable[[Service], Awaitable[str]], tmp_path: Path, issuer: RSAKey
) -> AsyncIterator[Running]:
    async with mail_server() as server:
        settings = NotifierSettings(
            database_dsn=await database_for(SERVICE),
            smtp_port=server.port,
            smtp_tls="none",
            mail_retry_delays_seconds=(0.05,),
            mail_poll_seconds=0.05,
            mail_stop_seconds=1,
        )
        async with in_process(SERVICE, settings, tmp_path, issuer) as (context, http):
            second = await opened(SERVICE, context.common, settings)
            yield Running(context, http, issuer, server, [context, second])
            await second.database.pool.close()
