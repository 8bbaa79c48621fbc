"""What stands on a topic beside events does not stop who reads answers from it."""

import pytest

from aktivera.upstream import event_in


@pytest.mark.parametrize(
    "value", [None, b"", b"\xff\x00", b"7", b"[" * 100_000, b'{"a":' * 50_000, b"{}", b'{"type":"x","data":null}'],
    ids=["none", "empty", "no text", "a number", "deep list", "deep object", "no event", "no data"],
)  # fmt: skip
def test_what_is_no_event_is_passed_over(value: bytes | None) -> None:
    assert event_in(value) is None


def test_an_event_is_read() -> None:
    assert event_in(b'{"type":"a.b.v1","data":{"request_id":"r"}}') == {"type": "a.b.v1", "data": {"request_id": "r"}}
