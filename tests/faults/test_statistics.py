"""PROMISE: whatever the broker does, statistics say of when they are, miss nothing and count nothing twice."""

import signal
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.eventually import eventually
from tests.faults.servers import Servers
from tests.infrastructure import Infrastructure
from tests.integration.insights.conftest import topics_of_their_own
from tests.integration.insights.history import History, Past
from tests.integration.insights.running import Insights
from tests.integration.insights.test_counting import equals_sql


@pytest.fixture
async def insights(infra: Infrastructure, tmp_path: Path) -> AsyncIterator[Insights]:
    with Insights.of(await topics_of_their_own(infra), tmp_path).ended() as made:
        yield made


@pytest.mark.parametrize("how", ["paused", pytest.param("killed", marks=pytest.mark.soak)])
async def test_a_broker_that_is_away_while_statistics_are_read_costs_no_event(
    insights: Insights, servers: Servers, how: str
) -> None:
    pasts = [Past(seed, hours=40).history(count) for seed, count in ((11, 12_000), (12, 1000))]
    before, after = pasts
    await before.send(insights.common)
    await insights.start()
    await eventually(lambda: has_counted_some(insights), within=60)
    if how == "paused":
        servers.nodes.running["kafka"].send_signal(signal.SIGSTOP)
    else:
        servers.nodes.kill("kafka")
    try:
        await stands_still(insights)
        assert not (await status(insights))["complete"], "it was in the midst of reading"
    finally:
        if how == "paused":
            servers.nodes.running["kafka"].send_signal(signal.SIGCONT)
        else:
            servers.nodes.start("kafka")
            await servers.nodes.ready("kafka")
    await after.send(insights.common)
    complete = (await insights.has_read(sum(len(each.records) for each in pasts)))["as_of"]
    await eventually(lambda: of_later_than(insights, complete), within=30)

    connection = await asyncpg.connect(servers.infra.superuser_dsn)
    try:
        await History([], [row for each in pasts for row in each.rows], 0).store(connection)
        await equals_sql(insights, connection)
    finally:
        await connection.close()


async def has_counted_some(insights: Insights) -> bool:
    return bool((await status(insights))["outcomes"])


async def stands_still(insights: Insights) -> None:
    """Waits until it answers twice, a second apart, that nothing came."""
    told: list[dict[str, Any]] = []

    async def told_twice() -> bool:
        told.append(await status(insights))
        return len(told) > 1 and told[-1] == told[-2]

    await eventually(told_twice, within=30, every=1.0)


async def of_later_than(insights: Insights, moment: str) -> bool:
    return datetime.fromisoformat((await status(insights))["as_of"]) > datetime.fromisoformat(moment)


async def status(insights: Insights) -> dict[str, Any]:
    found: dict[str, Any] = await insights.get("/v1/operations/status")
    return found
