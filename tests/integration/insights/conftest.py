"""Topics of a test's own and insights over them; and insights without Kafka, that counted a little."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from chassis import kafka
from chassis.ids import uuid7
from chassis.settings import CommonSettings
from chassis.stateless import StatelessContext, create_app, opened
from schemas.topics import TOPICS
from services.insights.__main__ import SERVICE
from services.insights.counting import Statistics
from services.insights.domain.facts import Fact
from services.insights.settings import InsightsSettings
from tests.infrastructure import Infrastructure
from tests.integration.in_process import with_document
from tests.integration.insights.faust_commits import Committed, committed_by_all
from tests.integration.insights.running import Insights

Asked = tuple[StatelessContext, Insights, httpx.AsyncClient]


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
def insights(common: CommonSettings, tmp_path: Path) -> Iterator[Insights]:
    """Not started."""
    with Insights.of(common, tmp_path).ended() as made:
        yield made


@pytest.fixture(scope="package")
async def committing(infra: Infrastructure) -> AsyncIterator["asyncio.Task[Committed]"]:
    """Faust's agents on their way, begun beside a test that does little but wait, as they do."""
    going = asyncio.ensure_future(committed_by_all(infra))
    yield going
    going.cancel()
    await asyncio.wait([going])


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    """Insights that counted one client of each of two agencies; no Kafka."""
    common = CommonSettings(environment="test", token_keys_file=tmp_path / "keys.json")
    context = opened(SERVICE, common, InsightsSettings())
    issuer = Insights.of(common, tmp_path)
    assert isinstance(context.state, Statistics)
    now = context.clock()
    context.state.windows.count("a", now, Fact("created", "byra-ett"), now)
    context.state.windows.count("b", now, Fact("created", "byra-tva"), now)
    app = with_document(create_app(context), SERVICE)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://insights") as client:
        yield context, issuer, client
