"""A sample client's way in one line."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aktivera.demo_way import Way, line

START = datetime(2026, 5, 2, 12, tzinfo=UTC)
TRACE: list[dict[str, Any]] = [
    {"at": (START + timedelta(milliseconds=after)).isoformat(), "what": what, "detail": {"correlation_id": "c-1"}}
    for after, what in ((0, "onboarding.requested"), (20, "activation.listed"), (40, "notification.raised"))
]
MAIL: dict[str, Any] = {"at": (START + timedelta(milliseconds=90)).isoformat(), "what": "email.sent", "detail": {}}


def test_the_steps_stand_in_the_order_of_their_times() -> None:
    way = Way.read("API", "id", [MAIL, *TRACE], START)
    assert [part.split()[0] for part in line(way).split(" → ")[1:]] == ["listed", "bell", "mail"]
    assert not way.repeated
    assert way.to_json()["correlation_ids"] == ["c-1"]


def test_what_was_there_before_this_run_is_said_to_be_older() -> None:
    way = Way.read("API", "id", [*TRACE, MAIL], START + timedelta(seconds=1))
    assert "  (first sent 2026-" in line(way)
    assert "requested" not in line(way)


def test_what_is_lacking_is_said() -> None:
    way = Way.read("API", "id", TRACE, START)
    assert way.lacking == ["mail"]
    assert line(way).endswith("mail NOT YET")
