"""Reading through Faust where topics were quiet for long."""

import asyncio
import logging
from time import monotonic
from typing import Any

import pytest
from faust.types import TP

from chassis import kafka
from chassis.handling import Record
from chassis.settings import CommonSettings
from services.insights.statistics import Reader
from tests.eventually import eventually

EVENTS = 2000
"""More than Faust takes at once, so that some are not taken yet when the first is counted."""


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
