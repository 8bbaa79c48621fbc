"""Statistics stay away eight times as long as others kept them from a processor."""

from pathlib import Path

import pytest

from services.insights.politeness import Turns
from services.insights.settings import InsightsSettings


@pytest.fixture
def waited(tmp_path: Path) -> Path:
    """What the kernel says of a thread: here after one second on a processor and two of waiting for it."""
    file = tmp_path / "schedstat"
    file.write_text("1000000000 2000000000 7\n")
    return file


def test_they_stay_away_eight_times_as_long_as_others_had_the_processor_since(waited: Path) -> None:
    turns = Turns(InsightsSettings(gives_way=True), waited)
    assert turns.pause_seconds() == 0
    waited.write_text("1001000000 2030000000 8\n")
    assert turns.pause_seconds() == pytest.approx(0.24)
    assert turns.pause_seconds() == 0


def test_they_come_back_before_long_however_busy_the_processor_is(waited: Path) -> None:
    turns = Turns(InsightsSettings(gives_way=True), waited)
    waited.write_text("1001000000 60000000000 8\n")
    assert turns.pause_seconds() == Turns.LONGEST_SECONDS


def test_they_do_not_pause_where_they_take_their_turn_like_the_others_or_nothing_tells(waited: Path) -> None:
    for turns in (Turns(InsightsSettings(gives_way=False), waited), Turns(InsightsSettings(), waited / "not there")):
        waited.write_text("1001000000 9000000000 8\n")
        assert turns.pause_seconds() == 0
