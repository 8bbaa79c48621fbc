"""A notifier whose database was set back reads in the topic what became of its mails, and sends none of them again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition

from chassis import kafka
from chassis.service import Context
from services.notifier.leases import sweep
from tests.eventually import eventually
from tests.integration.chassis.running import consuming, relaying
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

SET_BACK = """
update emails
   set state = $2::text, settled_at = null, smtp_code = null,
       lease_until = case when $2 in ('sending', 'transmitting') then clock_timestamp() + make_interval(secs => $3) end
 where id = $1"""


@asynccontextmanager
async def told(running: Running, context: Context) -> AsyncIterator[None]:
    """All that was said until here stands in the topic before the block, and is heard by its end."""
    async with relaying(context):
        await eventually(lambda: _nothing_left(running), within=20)
    yield
    async with consuming(context):
        await eventually(lambda: _all_heard(running, context), within=30)


async def sent(running: Running, mails: int = 1) -> dict[str, Any]:
    """Waits until so many have been sent; answers the newest."""

    async def probe() -> dict[str, Any]:
        rows = await running.rows("select * from emails where state = 'sent' order by id")
        assert len(rows) == mails
        return rows[-1]

    return await eventually(probe, within=10)


async def only_a_new_mail_goes_out(running: Running) -> None:
    """Releases what waits; what was accepted before is not offered a second time."""
    before = list(running.server.recipients)
    headers = running.token("op", roles=["operator"])
    answer = await running.http.post("/v1/operations/mail/release", json={"dry_run": False}, headers=headers)
    assert answer.status_code == 200, answer.text
    await running.hear(listed(uuid4(), confirmation_email="next@exempelbolaget.se"))
    async with running.delivering():
        await eventually(lambda: _nothing_waits(running), within=10)
    assert running.server.recipients == [*before, "next@exempelbolaget.se"]


@pytest.mark.parametrize("state", ["pending", "retry", "sending", "transmitting"])
async def test_what_was_sent_after_the_backup_is_not_sent_again(
    running: Running, with_kafka: Context, state: str
) -> None:
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await sent(running)
    async with told(running, with_kafka):
        await running.context.database.execute(SET_BACK, mail["id"], state, 600.0)
        await running.context.database.execute("update mail_gate set held = true, since = now(), why = 'restored'")
    after = await running.mail()
    assert (after["state"], after["settled_at"], after["lease_until"]) == ("sent", mail["settled_at"], None)
    await only_a_new_mail_goes_out(running)


async def test_a_resend_that_was_sent_after_the_backup_is_not_sent_again(running: Running, with_kafka: Context) -> None:
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await sent(running)
        assert (await running.post(f"/v1/emails/{mail['id']}/resend")).status_code == 202
        again = await sent(running, 2)
    async with told(running, with_kafka):
        await running.context.database.execute(SET_BACK, again["id"], "pending", 0.0)
    await only_a_new_mail_goes_out(running)


async def test_a_lease_that_ran_out_before_the_topic_was_read_does_not_hide_what_it_says(
    running: Running, with_kafka: Context
) -> None:
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await sent(running)
    async with told(running, with_kafka):
        await running.context.database.execute(SET_BACK, mail["id"], "transmitting", -1.0)
        await sweep(running.context.database)
        assert (await running.mail())["state"] == "unknown"
    assert (await running.mail())["state"] == "sent"
    await only_a_new_mail_goes_out(running)


async def _nothing_left(running: Running) -> bool:
    return await running.rows("select from outbox") == []


async def _nothing_waits(running: Running) -> bool:
    return await running.rows("select from emails where settled_at is null") == []


async def _all_heard(running: Running, context: Context) -> bool:
    """Each partition up to its end."""
    topic = context.common.topic_prefix + "notification-events"
    reader = kafka.reader(context.common)
    await reader.start()
    try:
        numbers = (await kafka.partitions(context.common, [topic]))[topic]
        places = [TopicPartition(topic, number) for number in numbers]
        ends = {place.partition: end for place, end in (await reader.end_offsets(places)).items()}
    finally:
        await reader.stop()
    rows = await running.rows("select partition, next_offset from consumer_offsets where topic = $1", topic)
    return {row["partition"]: row["next_offset"] for row in rows} == ends
