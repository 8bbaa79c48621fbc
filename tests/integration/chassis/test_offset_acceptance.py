"""Offsets that do not fit the log: what is wrong is named, a person's word lets reading go on, and is kept."""

import gc
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import replace
from secrets import token_hex
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaConnectionError

from aktivera.local.ports import LOOPBACK, free_port
from chassis import kafka, offset_acceptance
from chassis.failures import NotNow
from chassis.offset_acceptance import Standing
from chassis.service import Context
from chassis.settings import CommonSettings
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming
from tests.integration.chassis.test_offsets import counted, stopped_by, with_admin

OpenToy = Callable[..., Awaitable[Context]]


async def wrong(context: Context) -> list[Standing]:
    found = await offset_acceptance.standings(context, list(context.subscriptions))
    assert len(found) == 3  # every partition is looked at
    return [each for each in found if each.fact]


async def accept(context: Context, fact: str) -> Standing:
    (standing,) = await wrong(context)
    assert standing.fact == fact
    async with context.database.unit_of_work() as uow:
        assert await offset_acceptance.accept(uow, standing, "op", "seen")
    return standing


async def send_in_a_transaction(writer: Writer, common: CommonSettings, event: dict[str, Any]) -> int:
    """What only a foreign producer does: its end takes an offset that no reader gets. Answers the partition."""
    producer = AIOKafkaProducer(bootstrap_servers=common.kafka_bootstrap, transactional_id=common.topic_prefix + "x")
    async with producer, producer.transaction():
        headers = [("ce_type", event["type"].encode()), ("ce_id", event["id"].encode())]
        sent = await producer.send_and_wait(writer.topic, orjson.dumps(event), key=b"a", headers=headers)
    place = TopicPartition(writer.topic, sent.partition)
    async with kafka.reader(common) as reader:

        async def ended() -> bool:
            return bool((await reader.end_offsets([place]))[place] == sent.offset + 2)

        await eventually(ended, within=20)
    return int(place.partition)


def event(version: int, note: str = "") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"foreign-{version}",
        "source": "/test/writer",
        "type": "se.aktivera.toy.added.v1",
        "subject": "a",
        "time": "2026-01-01T00:00:00Z",
        "sequence": str(version),
        "correlationid": "c-1",
        "data": {"tally": "a", "note": note},
    }


async def test_all_up_to_a_gap_is_handled_and_reading_goes_on_behind_it_once_accepted(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    await send_in_a_transaction(writer, common, event(2))
    await writer.send(toy.AddedV1(tally="a"), version=3)
    async with consuming(context) as consumer:
        await eventually(lambda: stopped_by(consumer, "GapDetected"), within=20)
        await counted(context, 2)
        standing = await accept(context, "GapDetected")
        assert (standing.handled, standing.go_on_at) == (2, 3)
        await eventually(lambda: counted(context, 3), within=25)
    assert await wrong(context) == []
    (row,) = await context.database.fetch("select * from offset_acceptances")
    assert (row["fact"], row["offset_before"], row["offset_after"], row["accepted_by"], row["reason"]) == (
        "GapDetected",
        2,
        3,
        "op",
        "seen",
    )


async def test_a_gap_is_named_although_it_comes_with_a_later_fetch_than_the_record_before_it(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    context = await open_toy()
    large = token_hex(300_000)  # two of these are more than one fetch of one partition
    await writer.send(toy.AddedV1(tally="a"))
    await send_in_a_transaction(writer, common, event(2, large))
    await writer.send(toy.AddedV1(tally="a", note=large), version=3)
    async with consuming(context) as consumer:
        await eventually(lambda: stopped_by(consumer, "GapDetected"), within=20)
    (standing,) = await wrong(context)
    assert (standing.fact, standing.handled, standing.go_on_at) == ("GapDetected", 2, 3)


async def test_what_a_slow_broker_does_not_show_in_time_is_not_taken_for_changed(
    open_toy: OpenToy, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: counted(context, 1), within=20)
    with monkeypatch.context() as slow:
        slow.setattr(offset_acceptance, "LOOK_SECONDS", 0.0)  # however quick this broker is
        with pytest.raises(NotNow, match=r"toy-events\[\d\]"):
            await wrong(context)
    assert await wrong(context) == []


@pytest.mark.parametrize("ours", [True, False])
async def test_the_record_before_our_offset_may_be_gone_from_a_senders_topic_and_not_from_ours(
    open_toy: OpenToy, writer: Writer, common: CommonSettings, ours: bool
) -> None:
    context = await open_toy(ours=ours)
    partition = await send_in_a_transaction(writer, common, event(1))
    # The end of the transaction stands for a record that was compacted away: a reader gets neither.
    await context.database.execute(
        "insert into consumer_offsets values ($1, $2, 2, 'compacted away')", writer.topic, partition
    )
    await writer.send(toy.AddedV1(tally="a"))
    assert [standing.fact for standing in await wrong(context)] == ["TopicChanged"] * ours
    async with consuming(context) as consumer:
        await eventually(lambda: stopped_by(consumer, "TopicChanged") if ours else counted(context, 1), within=20)


async def test_a_lost_beginning_is_accepted_from_where_the_log_begins(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    context = await open_toy()
    sent = [await writer.raw("a", b"x") for _ in range(3)]
    place = TopicPartition(writer.topic, sent[0].partition)

    async def cut(admin: AIOKafkaAdminClient) -> None:
        await admin.delete_records({place: RecordsToDelete(3)})

    await with_admin(common, cut)
    await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context) as consumer:
        await eventually(lambda: stopped_by(consumer, "HistoryMissing"), within=20)
        await accept(context, "HistoryMissing")
        await eventually(lambda: counted(context, 1), within=25)


async def test_an_offset_that_moved_meanwhile_is_not_accepted(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    standing = Standing(writer.topic, 0, 5, 0, 9, "GapDetected", 7)
    await context.database.execute("insert into consumer_offsets values ($1, 0, 6, 'x')", writer.topic)
    async with context.database.unit_of_work() as uow:
        assert not await offset_acceptance.accept(uow, standing, "op", "")
    assert await context.database.fetch("select * from offset_acceptances") == []


async def test_who_asks_a_broker_that_is_away_leaves_no_client_open(open_toy: OpenToy) -> None:
    context = await open_toy()
    away = context.common.model_copy(update={"kafka_bootstrap": f"{LOOPBACK}:{free_port()}"})
    gc.collect()  # what others left is not counted here
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        with pytest.raises(KafkaConnectionError):
            await offset_acceptance.standings(replace(context, common=away), list(context.subscriptions))
        gc.collect()
    assert [str(each.message) for each in told if issubclass(each.category, ResourceWarning)] == []
