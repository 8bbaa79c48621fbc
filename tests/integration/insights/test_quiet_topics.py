"""Reading through Faust where little comes: it asks seldom, and takes an event after a quiet hour for what it is."""

import asyncio
import logging
from time import monotonic
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from faust.types import TP

from chassis import kafka
from chassis.handling import Record
from chassis.settings import CommonSettings
from services.insights.statistics import Reader
from tests.eventually import eventually

EVENTS = 2000
"""More than Faust takes at once, so that some are not taken yet when the first is counted."""
SINGLY = 200


async def test_an_event_after_a_quiet_hour_is_no_error(
    common: CommonSettings, caplog: pytest.LogCaptureFixture
) -> None:
    """Would break: Faust takes what came after five quiet minutes for stuck, and people are called for nothing."""
    place, heard, said = TP(common.topic_prefix + "client-events", 0), list[Record](), list[str]()

    def hear(record: Record) -> None:
        heard.append(record)
        if len(heard) == 1:
            caplog.clear()
            consumer: Any = reader.consumer
            consumer.verify_event_path(monotonic() + 3600, place)
            said.extend(each.getMessage() for each in caplog.records)

    async def all_came() -> bool:
        return len(heard) == EVENTS

    async with kafka.producer(common) as sender:
        for _ in range(EVENTS):
            await sender.send(place.topic, b"1", partition=0)
    reader = Reader(common, [place.topic], lambda _: 0, hear, lambda: asyncio.sleep(0))
    with caplog.at_level(logging.WARNING):
        await reader.start()
        try:
            await eventually(all_came, within=20)
        finally:
            await reader.stop()
    assert said == []


async def test_where_events_come_one_by_one_the_broker_is_not_asked_for_each(
    common: CommonSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would break: each client's events wake broker and statistics as often as they come, at the others' expense."""
    heard, asked = list[Record](), list[FetchRequest]()
    topic, send = common.topic_prefix + "client-events", AIOKafkaClient.send

    async def counted(client: AIOKafkaClient, node: int, request: Any, **other: Any) -> Any:
        if isinstance(request, FetchRequest):
            asked.append(request)
        return await send(client, node, request, **other)

    async def came(events: int) -> bool:
        return len(heard) == events

    monkeypatch.setattr(AIOKafkaClient, "send", counted)
    reader = Reader(common, [topic], lambda _: 0, heard.append, lambda: asyncio.sleep(0))
    await reader.start()
    try:
        async with kafka.producer(common) as sender:
            await sender.send_and_wait(topic, b"1", partition=0)
            await eventually(lambda: came(1), within=20)
            asked.clear()
            for _ in range(SINGLY):
                await sender.send_and_wait(topic, b"1", partition=0)
        await eventually(lambda: came(1 + SINGLY), within=20)
    finally:
        await reader.stop()
    assert 0 < len(asked) < SINGLY / 4
