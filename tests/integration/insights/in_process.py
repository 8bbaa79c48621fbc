"""Insights in this process, without Kafka: what it counted is put into it, and its routes are asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from chassis.lifecycle import http_server
from chassis.settings import CommonSettings
from chassis.stateless import StatelessContext, create_app, opened
from services.insights.__main__ import SERVICE
from services.insights.counting import Statistics
from services.insights.domain.facts import Fact
from services.insights.settings import InsightsSettings
from tests.eventually import eventually
from tests.integration.insights.running import Insights

Asked = tuple[StatelessContext, Insights, httpx.AsyncClient]
"""What is open, who makes tokens for it, and a client of its routes."""


@asynccontextmanager
async def two_agencies(folder: Path) -> AsyncIterator[Asked]:
    """It counted one client of each of two agencies."""
    common = CommonSettings(environment="test", token_keys_file=folder / "keys.json")
    context = opened(SERVICE, common, InsightsSettings())
    issuer = Insights.of(common, folder)
    assert isinstance(context.state, Statistics)
    now = context.clock()
    context.state.windows.count("a", now, Fact("created", "byra-ett"), now)
    context.state.windows.count("b", now, Fact("created", "byra-tva"), now)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(context)), base_url="http://insights"
    ) as client:
        yield context, issuer, client


@asynccontextmanager
async def serving(context: StatelessContext) -> AsyncIterator[int]:
    """The service's own server, at the port that is answered."""
    server = http_server(create_app(context), InsightsSettings(http_port=0))
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, within=5)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await asyncio.wait_for(task, 10)
