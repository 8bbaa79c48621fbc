"""A topic that is another one than before is read from its beginning."""

from aiokafka.admin import AIOKafkaAdminClient

from chassis import kafka
from chassis.settings import CommonSettings
from tests.eventually import eventually
from tests.integration.insights.history import History, Past
from tests.integration.insights.running import Insights

TOPIC = "onboarding-results-bolag"


async def test_a_topic_that_is_deleted_and_made_again_is_counted_too(
    insights: Insights, common: CommonSettings
) -> None:
    """Faust passes over what lies before the place where it read last, and waits for what comes there."""
    await kafka.create_topics(common, [(TOPIC, 1)])
    await insights.start()
    await rejections(60, seed=1).send(common)
    await insights.has_read(60)
    await made_again(common)
    await rejections(20, seed=2).send(common)
    await insights.has_read(80, within=60)
    shown = (await insights.get("/v1/statistics", **{"from": "2020-01-01T00:00:00Z"}))["totals"]["rejections"]
    assert sum(shown.values()) == 80


def rejections(count: int, seed: int) -> History:
    past = Past(seed)
    records = [past.one("onboarding.rejected")[0] for _ in range(count)]
    return History([(TOPIC, key, value) for _, key, value in records], [], 0)


async def made_again(common: CommonSettings) -> None:
    """Deleted, and there again with nothing in it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=common.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([common.topic_prefix + TOPIC])

        async def gone() -> bool:
            return common.topic_prefix + TOPIC not in await admin.list_topics()

        await eventually(gone, within=20)
    finally:
        await admin.close()
    await kafka.create_topics(common, [(TOPIC, 1)])
