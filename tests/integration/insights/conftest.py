"""Topics of a test's own, and insights over them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis import kafka
from chassis.ids import uuid7
from chassis.settings import CommonSettings
from schemas.topics import TOPICS
from tests.infrastructure import Infrastructure
from tests.integration.insights.faust_commits import Committed, committed_by_all
from tests.integration.insights.running import Insights


async def topics_of_their_own(infra: Infrastructure) -> CommonSettings:
    """Settings under whose prefix there are all topics, with nothing on them."""
    made = CommonSettings(
        environment="test", kafka_bootstrap=infra.kafka, topic_prefix=f"t{uuid7().hex[-10:]}-", topic_partitions=3
    )
    await kafka.create_topics(made, [(topic.name, topic.retention_days) for topic in TOPICS.values()])
    return made


@pytest.fixture
async def common(infra: Infrastructure) -> CommonSettings:
    return await topics_of_their_own(infra)


@pytest.fixture
async def insights(common: CommonSettings, tmp_path: Path) -> AsyncIterator[Insights]:
    """Not started."""
    made = Insights.of(common, tmp_path)
    yield made
    if made.runs:
        made.kill()


@pytest.fixture(scope="package")
async def committing(infra: Infrastructure) -> AsyncIterator["asyncio.Task[Committed]"]:
    """Faust's agents on their way, begun beside a test that does little but wait, as they do."""
    going = asyncio.ensure_future(committed_by_all(infra))
    yield going
    going.cancel()
    await asyncio.wait([going])
