"""A notifier on a new database sends no mail before it has read in the topic what was sent before."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from structlog.testing import capture_logs

from chassis import kafka
from chassis.clock import system_clock
from chassis.lifecycle import opened
from chassis.service import Context, Service
from schemas.notification import EmailSentV1
from services.notifier.__main__ import SERVICE
from services.notifier.opening import LOOP, open_new_gate
from services.notifier.settings import NotifierSettings
from services.notifier.store import deliveries
from services.notifier.store.gate import open_new
from tests.eventually import eventually
from tests.integration.chassis.running import consuming, relaying
from tests.integration.notifier.running import Running
from tests.integration.notifier.test_bell_people import outcome
from tests.unit.notifier.events import consultant, event_of, listed
from tests.unit.notifier.mail_events import reminder_due

SOON = 5.0
"""Seconds that a fresh system may wait for its first mail, on a slow machine too."""


@asynccontextmanager
async def opening(*contexts: Context) -> AsyncIterator[None]:
    """The loop of the gate in each of these."""
    tasks = [asyncio.create_task(open_new_gate(each)) for each in contexts]
    await asyncio.sleep(0)  # each has begun
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def gate(running: Running) -> dict[str, Any]:
    (row,) = await running.rows("select held, by, why from mail_gate")
    return row


async def opens(running: Running, within: float = 15) -> None:
    async def probe() -> bool:
        return not (await gate(running))["held"]

    await eventually(probe, within)


async def finished(contexts: Iterable[Context]) -> bool:
    """The loop has nothing to do any more in each of these."""
    return all(LOOP not in each.heartbeats._limit for each in contexts)


async def one_mail_sent_and_said(running: Running, context: Context, client: Any) -> None:
    """As a notifier does it whose database is lost afterwards."""
    await running.hear(listed(client))
    async with running.delivering():
        await running.mail_is("sent")
    async with relaying(context):
        await eventually(lambda: _nothing_left(running), within=20)


@pytest.fixture
async def anew(
    newborn: Running, with_kafka: Context, database_for: Callable[[Service], Awaitable[str]]
) -> AsyncIterator[tuple[Running, Context]]:
    """The same notifier on another new database, and its context with Kafka."""
    settings = NotifierSettings(
        **{**newborn.context.settings.model_dump(), "database_dsn": await database_for(SERVICE)}
    )
    context = await opened(SERVICE, with_kafka.common, settings)
    plain = replace(context, common=newborn.context.common)
    yield replace(newborn, context=plain, replicas=[plain]), context
    await context.database.pool.close()


async def test_what_was_sent_before_the_database_was_lost_is_not_sent_again(
    running: Running, with_kafka: Context, anew: tuple[Running, Context]
) -> None:
    lost, kept = uuid4(), uuid4()
    await one_mail_sent_and_said(running, with_kafka, lost)
    after, context = anew
    await after.hear(listed(lost), listed(kept, confirmation_email="next@exempelbolaget.se"))
    async with opening(context), after.delivering():
        database = context.database
        assert await deliveries.claim(database, system_clock(), 9, 60, uuid4()) == []
        assert (await gate(after)) == {"held": True, "by": "the notifier itself", "why": "new database"}
        async with consuming(context):
            await opens(after)
        await eventually(lambda: _nothing_waits(after), within=10)
    assert running.server.recipients == ["anna@exempelbolaget.se", "next@exempelbolaget.se"]


@pytest.mark.parametrize(("sent", "state"), [(3, "sent"), (2, "unknown")])
async def test_of_mails_to_several_none_is_sent_again_and_what_is_not_known_of_each_is_unknown(
    running: Running, with_kafka: Context, anew: tuple[Running, Context], sent: int, state: str
) -> None:
    """No event carries a recipient: of two outcomes nobody can tell which two of three mails they are of."""
    client, managers = uuid4(), ["karin", "maja", "nils"]
    told = [event_of(consultant(sub, "client_manager").data, version) for version, sub in enumerate(managers, 1)]
    await running.hear(*told)
    await running.hear(reminder_due(client))
    wait = "update emails set due_at = now() + interval '1 day', turn = null where recipient = any($1)"
    await running.context.database.execute(wait, [f"{sub}@byra-ett.se" for sub in managers[sent:]])
    async with running.delivering(), relaying(with_kafka):
        await eventually(lambda: _nothing_due(running), within=10)
        await eventually(lambda: _nothing_left(running), within=20)
    after, context = anew
    await after.hear(*told)
    async with opening(context), after.delivering(), consuming(context):
        await opens(after)
        await after.hear(reminder_due(client))
        await eventually(lambda: _nothing_waits(after), within=10)
    rows = await after.rows("select state, reason, content from emails")
    reason = "email_outcome_unknown" if state == "unknown" else None
    assert [tuple(each.values()) for each in rows] == [(state, reason, None)] * 3
    assert len(running.server.recipients) == sent


async def test_what_is_heard_later_of_mails_to_several_settles_what_was_unknown(running: Running) -> None:
    client = uuid4()
    managers = [event_of(consultant(sub, "client_manager").data, n) for n, sub in enumerate(("karin", "maja"), 1)]
    await running.hear(*managers)
    await running.hear(reminder_due(client))
    mail = (await running.rows("select * from emails"))[0]
    for known in ("unknown", "sent"):
        await running.hear(outcome(EmailSentV1, {**mail, "id": uuid4()}))
        assert [each["state"] for each in await running.rows("select state from emails")] == [known] * 2


async def test_a_fresh_system_mails_at_once_with_two_replicas(newborn: Running, with_kafka: Context) -> None:
    await newborn.hear(listed(uuid4()))
    second = replace(newborn.replicas[1], common=with_kafka.common)
    async with newborn.delivering(), opening(with_kafka, second):
        await newborn.mail_is("sent", within=SOON)
        await eventually(lambda: finished([with_kafka, second]), within=20)


@pytest.mark.parametrize("missing", [{"kafka_bootstrap": "127.0.0.1:1"}, {"topic_prefix": "no-such-"}])
async def test_without_a_broker_or_topics_the_notifier_runs_and_holds_its_mails(
    newborn: Running, with_kafka: Context, missing: dict[str, str]
) -> None:
    common = with_kafka.common.model_copy(update=missing)
    with capture_logs() as said:
        async with opening(replace(newborn.context, common=common)):
            await eventually(lambda: _is_said(said, "not known yet what was sent before"), within=20)
            assert (await gate(newborn))["held"]


async def test_where_the_beginning_is_gone_a_person_releases(newborn: Running, with_kafka: Context) -> None:
    await _lose_beginning(with_kafka)
    async with opening(with_kafka), consuming(with_kafka):
        await eventually(lambda: finished([with_kafka]), within=20)
        why = "new database, and the beginning of notification-events is gone"
        assert await gate(newborn) == {"held": True, "by": "the notifier itself", "why": why}
    await newborn.http.post(
        "/v1/operations/mail/release", json={"dry_run": False}, headers=newborn.token("op", roles=["operator"])
    )
    assert not (await gate(newborn))["held"]


@pytest.mark.parametrize(
    ("planted", "opens"),
    [
        ("select $1", True),
        ("update consumer_offsets set next_offset = 6 where topic = $1", False),
        ("delete from consumer_offsets where topic = $1", False),
        (
            """insert into offset_acceptances
                 (topic, partition, fact, offset_before, offset_after, accepted_by, reason, accepted_at)
               values ($1, 0, 'TopicChanged', 1, 2, 'op', '', now())""",
            False,
        ),
        (
            """insert into held_events
                 (topic, key, partition, kafka_offset, event_id, correlation_id, sealed, reason, detail, attempts,
                  held_at)
               values ($1, 'k', 0, 0, 'e', 'c', '', 'undecodable', '', 1, now())""",
            False,
        ),
    ],
    ids=["all read", "not to the end", "not begun", "a part passed over", "an outcome held"],
)
async def test_the_gate_of_a_new_database_opens_where_all_was_read_and_nothing_left_out(
    newborn: Running, planted: str, opens: bool
) -> None:
    database = newborn.context.database
    await database.execute("insert into consumer_offsets values ('outcomes', 0, 7, ''), ('others', 0, 7, '')")
    await database.execute(planted, "outcomes")
    async with database.unit_of_work() as uow:
        assert await open_new(uow, "outcomes", {0: 7, 1: 0}) == opens
    assert (await gate(newborn))["held"] != opens


async def test_what_a_person_or_a_restore_holds_the_notifier_does_not_open(
    newborn: Running, with_kafka: Context
) -> None:
    await newborn.context.database.execute("update mail_gate set held = true, since = now(), why = 'restored'")
    async with opening(with_kafka):
        await eventually(lambda: finished([with_kafka]), within=20)
    assert (await gate(newborn))["held"]


async def _lose_beginning(context: Context) -> None:
    """What retention does: the topic's offsets go on, and what it held is gone."""
    topic = context.common.topic_prefix + "notification-events"
    producer = kafka.producer(context.common)
    admin = AIOKafkaAdminClient(bootstrap_servers=context.common.kafka_bootstrap)
    await producer.start()
    await admin.start()
    try:
        await producer.send_and_wait(topic, b"{}", partition=0)
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(1)})
    finally:
        await producer.stop()
        await admin.close()


async def _is_said(said: list[Any], event: str) -> bool:
    return event in [each["event"] for each in said]


async def _nothing_left(running: Running) -> bool:
    return await running.rows("select from outbox") == []


async def _nothing_due(running: Running) -> bool:
    return await running.rows("select from emails where settled_at is null and due_at <= now()") == []


async def _nothing_waits(running: Running) -> bool:
    return await running.rows("select from emails where settled_at is null") == []
