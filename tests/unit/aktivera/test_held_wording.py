"""What the command says of held events: nothing is shown as None, and what is in the way is named."""

from typing import Any

from aktivera.held_wording import discard_lines, list_lines, retry_lines, show_lines

UNREADABLE: dict[str, Any] = {
    "service": "notifier", "id": 42, "topic": "client-events", "key": "k-1", "partition": 3, "kafka_offset": 7,
    "version": None, "event_id": None, "event_type": None, "correlation_id": None, "reason": "undecodable",
    "detail": "", "attempts": 1, "held_at": "2026-05-02T12:00:00Z", "retry_at": None, "is_head": True, "followers": 2,
}  # fmt: skip


def retry(**facts: Any) -> dict[str, Any]:
    return {"dry_run": False, "key": "k-1", "replayed": 0, "left": 0, "in_the_way": None, **facts}


def way(**facts: Any) -> dict[str, Any]:
    return {"id": 42, "reason": "undecodable", "detail": "json_invalid", **facts}


def test_the_list_has_a_head_and_shows_topic_key_and_followers() -> None:
    head, row = list_lines([UNREADABLE], None, None)
    assert head.split() == ["SERVICE", "ID", "SINCE", "REASON", "BEHIND", "EVENT", "TOPIC", "KEY"]
    assert row.split()[4:] == ["undecodable", "2", "unreadable", "client-events", "k-1"]


def test_an_empty_list_says_what_was_looked_for() -> None:
    assert list_lines([], None, None) == ["nothing is held"]
    assert list_lines([], "notifier", "version_gap") == ["nothing is held by notifier with reason version_gap"]
    assert list_lines([], None, None, settled=True) == ["nothing was settled in the last 30 days"]


def test_settled_events_tell_who_and_why() -> None:
    how = {"settled_at": "2026-05-02T13:00:00Z", "settled_how": "discarded", "settled_by": "operator:karin"}
    line = list_lines([UNREADABLE | how | {"settled_reason": "by hand"}], None, None, settled=True)[1]
    assert "discarded  operator:karin  by hand" in line


def test_one_event_is_told_in_words_and_never_as_none() -> None:
    lines = show_lines("notifier", UNREADABLE)
    assert lines[0] == "notifier 42: an unreadable event"
    assert lines[-2:] == ["tried once; no more by itself: a person must act", "2 events wait behind it"]
    assert "None" not in "\n".join(lines + list_lines([UNREADABLE], None, None))
    assert show_lines("notifier", UNREADABLE | {"is_head": False})[-1].endswith("settle that one first")


def test_a_retry_that_was_stopped_names_the_event_in_the_way() -> None:
    assert retry_lines(retry(left=3, in_the_way=way())) == [
        "not done: event 42 is in the way: undecodable (json_invalid), 3 left"
    ]
    tried = retry_lines(retry(dry_run=True, replayed=1, left=3, in_the_way=way(detail="")))
    assert tried == ["tried out: event 42 is in the way: undecodable; 1 event would go through before it, 3 left"]


def test_a_retry_that_went_through_says_so() -> None:
    assert retry_lines(retry(replayed=200, left=7)) == [
        "done: 200 events went through; the other 7 follow by themselves"
    ]
    assert retry_lines(retry(dry_run=True, replayed=1))[0] == "tried out: 1 event would go through"
    assert retry_lines(retry()) == ["nothing to do: the key was settled meanwhile"]


def test_a_discard_says_what_comes_next() -> None:
    assert discard_lines({"discarded": True, "followers": 1}) == ["discarded; 1 event behind it is tried next"]
    assert "add --for-real" in discard_lines({"discarded": False, "followers": 0})[0]
