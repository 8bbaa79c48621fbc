"""A running activation service on a fresh database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from chassis.service import Service
from services.activation.__main__ import SERVICE
from services.activation.settings import ActivationSettings
from tests.integration.activation.running import Running
from tests.integration.documented import Documented
from tests.integration.in_process import in_process
from tests.link_keys import write_link_keys

DOCUMENT: dict[str, Any] = {}
"""Of the routes: made once, since it is the same for all. Every answer of every test is held against it."""


@pytest.fixture
async def running(
    database_for: Callable[[Service], Awaitable[str]], tmp_path: Path, issuer: RSAKey
) -> AsyncIterator[Running]:
    links = write_link_keys(tmp_path / "link-keys.json")
    settings = ActivationSettings(database_dsn=await database_for(SERVICE), link_keys_file=links)
    async with in_process(SERVICE, settings, tmp_path, issuer) as (context, http):
        if not DOCUMENT:
            DOCUMENT.update((await http.get("/openapi.json")).json())
        http.event_hooks = {"response": [Documented(DOCUMENT).check]}
        yield Running(context, http, issuer)
