"""Our own offsets: a topic that is not what it was is noticed and named, never swallowed as duplicates."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from chassis import consumer as consumer_module
from chassis import kafka
from chassis.consumer import Consumer
from chassis.service import Context
from chassis.settings import CommonSettings
from schemas.envelope import Decision
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming, members

OpenToy = Callable[[], Awaitable[Context]]


async def counted(context: Context, expected: int) -> bool:
    rows = await context.database.fetch("select coalesce(sum(total), 0)::int as total from tallies")
    assert rows[0]["total"] == expected, rows[0]["total"]
    return True


async def stopped_by(consumer: object, name: str) -> bool:
    assert str(getattr(consumer, "stopped_by", "")).startswith(name), getattr(consumer, "stopped_by", "")
    return True


async def with_admin(common: CommonSettings, act: Callable[[AIOKafkaAdminClient], Awaitable[object]]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=common.kafka_bootstrap)
    await admin.start()
    try:
        await act(admin)
    finally:
        await admin.close()


async def topic_is_gone(common: CommonSettings, name: str) -> bool:
    names: list[str] = []

    async def look(admin: AIOKafkaAdminClient) -> None:
        names.extend(await admin.list_topics())

    await with_admin(common, look)
    return name not in names


async def test_reading_goes_on_where_it_ended_whatever_kafka_remembers(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    for _ in range(5):
        await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: counted(context, 5), within=15)
    group = context.common.topic_prefix + "toy"
    rewound = kafka.consumer(context.common, "toy")
    rewound.subscribe([writer.topic])
    await rewound.start()
    assert rewound._group_id == group
    places = await eventually(lambda: _assigned(rewound), within=15)
    await rewound.commit(dict.fromkeys(places, 0))
    await rewound.stop()
    for _ in range(5):
        await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: counted(context, 10), within=15)
    rows = await context.database.fetch("select count(*) as said from outbox")
    assert rows[0]["said"] == 10


async def _assigned(consumer: object) -> set[TopicPartition]:
    assigned: set[TopicPartition] = consumer.assignment()  # type: ignore[attr-defined]
    return assigned


async def test_a_recreated_topic_stops_the_reader_and_is_named(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    context = await open_toy()
    for _ in range(3):
        await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: counted(context, 3), within=15)
    await with_admin(common, lambda admin: admin.delete_topics([writer.topic]))
    await eventually(lambda: topic_is_gone(common, writer.topic), within=15)
    await kafka.create_topics(common, [("toy-events", 1)])
    writer.versions.clear()
    for _ in range(6):  # longer than before, so that offsets alone would look right
        await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context) as consumer:
        await eventually(lambda: stopped_by(consumer, "TopicChanged"), within=20)
    await counted(context, 3)


async def test_a_topic_whose_beginning_is_gone_stops_a_new_reader(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    context = await open_toy()
    sent = [await writer.raw("a", b"x") for _ in range(3)]
    place = TopicPartition(writer.topic, sent[0].partition)
    await with_admin(common, lambda admin: admin.delete_records({place: RecordsToDelete(2)}))
    async with consuming(context) as consumer:
        await eventually(lambda: stopped_by(consumer, "HistoryMissing"), within=20)


async def test_records_deleted_before_they_were_read_stop_the_reader(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: counted(context, 1), within=15)
    sent = [await writer.raw("a", b"x") for _ in range(3)]
    place = TopicPartition(writer.topic, sent[0].partition)
    await with_admin(common, lambda admin: admin.delete_records({place: RecordsToDelete(3)}))
    async with consuming(context) as consumer:
        await eventually(lambda: stopped_by(consumer, "TopicChanged"), within=20)


async def test_what_stopped_reading_is_shown_until_it_is_gone(
    open_toy: OpenToy, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would break: a readiness that is green for a moment each time that a stopped reader looks again."""
    monkeypatch.setattr(consumer_module, "STOPPED_SECONDS", 0.1)
    opened, readers, shown = await open_toy(), list[Consumer](), list[str | None]()

    def broken(*_: Any) -> Decision[toy.Tally]:
        shown.append(readers[0].stopped_by)
        raise toy.Broken

    handler: Any = replace(toy.HANDLER, decide={toy.AddedV1: broken})
    reads = (replace(opened.service.subscriptions[0], handler=handler),)
    context = replace(opened, service=replace(opened.service, subscriptions=reads))
    await asyncio.gather(*(writer.send(toy.AddedV1(tally=f"t{number}")) for number in range(200)))
    async with consuming(context) as consumer:
        readers.append(consumer)
        await eventually(lambda: stopped_by(consumer, "CircuitOpen"), within=20)
        shown.clear()
        await eventually(lambda: _looked_again(shown), within=20)
    assert {str(each).partition(":")[0] for each in shown} == {"CircuitOpen"}


async def _looked_again(shown: list[str | None]) -> bool:
    return bool(shown)


async def test_two_replicas_share_the_partitions_and_count_each_event_once(open_toy: OpenToy, writer: Writer) -> None:
    first, second = await open_toy(), await open_toy()
    for number in range(40):
        await writer.send(toy.AddedV1(tally=f"t{number % 9}"))
    async with consuming(first):
        await eventually(lambda: counted(first, 40), within=15)
        async with consuming(second):
            await eventually(lambda: _both_are_members(first), within=20)
            await asyncio.gather(*(writer.send(toy.AddedV1(tally=f"u{number}")) for number in range(40)))
            await eventually(lambda: counted(first, 80), within=20)
        await asyncio.gather(*(writer.send(toy.AddedV1(tally=f"v{number}")) for number in range(40)))
        await eventually(lambda: counted(first, 120), within=20)


async def _both_are_members(context: Context) -> bool:
    return len(await members(context)) == 2
