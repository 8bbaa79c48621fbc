"""PROMISE: nothing depends on the statistics. Clients are listed and mailed while insights is stopped, dead, or behind.

A route, a loop or a topic that waits for insights would break it.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from chassis.settings import CommonSettings
from tests.eventually import eventually
from tests.infrastructure import Infrastructure
from tests.integration.insights.running import Insights
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig
from tests.system.test_road import activation, create

WITHIN_SECONDS = 60.0


@pytest.fixture
def insights(infra: Infrastructure, prefix: str, tmp_path: Path) -> Iterator[Insights]:
    """Beside the rig's services, and started before them."""
    (tmp_path / "insights").mkdir()
    common = CommonSettings(environment="test", kafka_bootstrap=infra.kafka, topic_prefix=prefix)
    with Insights.of(common, tmp_path / "insights").ended() as made:
        made.launch()
        yield made


async def test_clients_are_listed_and_mailed_while_insights_is_stopped_killed_or_behind(
    insights: Insights, rig: Rig
) -> None:
    numbers = organisation_numbers()
    await insights.ready()
    await some_go_the_whole_way(rig, numbers, so_far=0)
    await insights.has_read(1)
    with insights.stopped():
        await some_go_the_whole_way(rig, numbers, so_far=3)
    insights.kill()
    await some_go_the_whole_way(rig, numbers, so_far=6)
    insights.launch()
    await some_go_the_whole_way(rig, numbers, so_far=9)
    await insights.ready()
    await insights.rebuild()
    await insights.has_read(12)

    async def all_are_counted() -> bool:
        totals = (await insights.get("/v1/statistics"))["totals"]
        assert (totals["created"], totals["listed"], totals["mails"]["sent"]) == (12, 12, 12), totals
        return True

    await eventually(all_are_counted, within=WITHIN_SECONDS)


async def some_go_the_whole_way(rig: Rig, numbers: Iterator[str], so_far: int) -> None:
    """Three more clients, each on the list and with a mail of its own."""
    for client_id in [await create(rig, next(numbers)) for _ in range(3)]:
        row = await eventually(partial(activation, rig, client_id), within=WITHIN_SECONDS)
        assert row["status"] == "pending"

    async def mailed() -> bool:
        assert len(rig.mails()) == so_far + 3
        return True

    await eventually(mailed, within=WITHIN_SECONDS)
