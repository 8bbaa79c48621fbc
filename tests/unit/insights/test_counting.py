"""What is heard is counted, or noted as what it is: nothing that comes holds up what comes after it."""

from datetime import timedelta
from typing import Any, cast

from chassis.clock import system_clock
from chassis.extents import Extent
from chassis.handling import CutRecord
from services.insights.counting import Statistics


def test_a_record_that_no_reader_foresaw_is_unreadable_and_reading_goes_on() -> None:
    statistics = Statistics(timedelta(hours=48), system_clock)
    reading = statistics.begin({("client-events", 0): Extent(0, 1)})
    odd = CutRecord("client-events", 0, 0, None, b"{}", cast("Any", 7), 2, "")
    statistics.hear(reading, odd)
    assert statistics.outcomes == {("client-events", "unreadable"): 1}
    assert statistics.complete
