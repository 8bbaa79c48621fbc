"""A running notifier on a database of its own, with a second replica and a mail server of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from chassis import kafka
from chassis.lifecycle import opened
from chassis.service import Context, Service
from services.notifier.__main__ import SERVICE
from services.notifier.settings import NotifierSettings
from tests.eventually import eventually
from tests.infrastructure import Infrastructure
from tests.integration.in_process import in_process
from tests.integration.notifier.mail_server import mail_server
from tests.integration.notifier.running import Running
from tests.link_keys import write_link_keys


@pytest.fixture
async def newborn(
    database_for: Callable[[Service], Awaitable[str]], tmp_path: Path, issuer: RSAKey
) -> AsyncIterator[Running]:
    async with mail_server() as server:
        settings = NotifierSettings(
            database_dsn=await database_for(SERVICE),
            smtp_port=server.port,
            smtp_tls="none",
            link_keys_file=write_link_keys(tmp_path / "link-keys.json"),
            mail_retry_delays_seconds=(0.05,),
            mail_circuit_seconds=0.05,
            mail_poll_seconds=0.05,
            mail_stop_seconds=1,
        )
        async with in_process(SERVICE, settings, tmp_path, issuer) as (context, http):
            second = await opened(SERVICE, context.common, settings)
            yield Running(context, http, issuer, server, [context, second])
            await second.database.pool.close()


@pytest.fixture
async def running(newborn: Running) -> Running:
    """Its database is not new any more: mails are not held."""
    await newborn.context.database.execute("update mail_gate set held = false")
    return newborn


@pytest.fixture
async def with_kafka(newborn: Running, infra: Infrastructure, prefix: str) -> Context:
    """The notifier's context with topics of its own."""
    common = newborn.context.common.model_copy(
        update={"kafka_bootstrap": infra.kafka, "topic_prefix": prefix, "topic_partitions": 2}
    )
    topics = [each.topic for each in newborn.context.service.subscriptions]
    await kafka.create_topics(common, [(topic, 1) for topic in topics])

    async def all_are_there() -> bool:
        found = await kafka.partitions(common, [prefix + topic for topic in topics])
        return all(len(found[prefix + topic]) == common.topic_partitions for topic in topics)

    await eventually(all_are_there, within=60)
    return replace(newborn.context, common=common)
