"""How held events read in a terminal: the list, one of them in words, and what a retry or a discard has come to."""

from collections.abc import Sequence
from typing import Any

from aktivera.wording import moment, refusal_lines, table

HEAD = ("SERVICE", "ID", "SINCE", "REASON", "BEHIND", "EVENT", "TOPIC", "KEY")
SETTLED_HEAD = ("SERVICE", "ID", "SETTLED", "HOW", "BY", "WHY", "REASON", "EVENT", "TOPIC", "KEY")


def list_lines(
    rows: Sequence[dict[str, Any]], service: str | None, reason: str | None, *, settled: bool = False
) -> list[str]:
    if not rows:
        what = "nothing was settled in the last 30 days" if settled else "nothing is held"
        return [what + (f" by {service}" if service else "") + (f" with reason {reason}" if reason else "")]
    if settled:
        return table(SETTLED_HEAD, [_settled(row) for row in rows])
    return table(HEAD, [_waiting(row) for row in rows])


def _waiting(row: dict[str, Any]) -> tuple[object, ...]:
    since = moment(row["held_at"])
    return (row["service"], row["id"], since, row["reason"], row.get("followers"), *_event(row))


def _settled(row: dict[str, Any]) -> tuple[object, ...]:
    how = (moment(row.get("settled_at")), row.get("settled_how"), row.get("settled_by"), row.get("settled_reason"))
    return (row["service"], row["id"], *how, row["reason"], *_event(row))


def _event(row: dict[str, Any]) -> tuple[object, ...]:
    return ((row["event_type"] or "unreadable").removeprefix("se.aktivera."), row["topic"], row["key"])


def show_lines(service: str, row: dict[str, Any]) -> list[str]:
    """One held event in words; its content is sealed and is not part of it."""
    version = f", version {row['version']}" if row["version"] is not None else ""
    known = [("event id", row["event_id"]), ("correlation id", row["correlation_id"]), ("key", row["key"])]
    why = row["reason"] + (f" ({row['detail']})" if row["detail"] else "")
    lines = [
        f"{service} {row['id']}: {row['event_type'] or 'an unreadable event'}{version}",
        f"from {row['topic']}, partition {row['partition']}, offset {row['kafka_offset']}",
        *(f"{name} {value}" for name, value in known if value),
        f"held since {moment(row['held_at'])}: {why}",
    ]
    if not row["is_head"]:
        return [*lines, "it waits behind an earlier held event of its key: settle that one first"]
    again = (
        f"the next try is at {moment(row['retry_at'])}" if row["retry_at"] else "no more by itself: a person must act"
    )
    behind = row["followers"]
    follow = "nothing waits behind it" if not behind else f"{_events(behind)} wait{'s' * (behind == 1)} behind it"
    return [*lines, f"tried {_times(row['attempts'])}; {again}", follow]


def retry_lines(answer: dict[str, Any]) -> list[str]:
    """What went through, and in one line what is in the way."""
    dry, way = answer["dry_run"], answer["in_the_way"]
    would = "would go" if dry else "went"
    if way:
        which = f"event {way['id']}" if way.get("id") is not None else "an event"
        detail = f" ({way['detail']})" if way["detail"] else ""
        first = "tried out" if dry else "not done"
        through = f"; {_events(answer['replayed'])} {would} through before it" if answer["replayed"] else ""
        return [f"{first}: {which} is in the way: {way['reason']}{detail}{through}, {answer['left']} left"]
    if not answer["replayed"]:
        return ["nothing to do: the key was settled meanwhile"]
    rest = f"; the other {answer['left']} follow by themselves" if answer["left"] else ""
    if dry:
        return [f"tried out: {_events(answer['replayed'])} would go through{rest}", "add --for-real to do it"]
    return [f"done: {_events(answer['replayed'])} went through{rest}"]


def discard_lines(answer: dict[str, Any]) -> list[str]:
    behind = answer["followers"]
    done = "discarded" if answer["discarded"] else "would be discarded (add --for-real to do it)"
    return [f"{done}; {_events(behind)} behind it {'is' if behind == 1 else 'are'} tried next" if behind else done]


def discard_key_lines(answer: dict[str, Any]) -> list[str]:
    if answer["dry_run"]:
        return [f"{_events(answer['left'])} would be discarded (add --for-real to do it)"]
    left = f"; {_events(answer['left'])} left" if answer["left"] else "; nothing is left on the key"
    refused = refusal_lines(answer["refused"]) if answer["refused"] else []
    return [f"{_events(answer['discarded'])} discarded{left}", *refused]


def _events(number: int) -> str:
    return f"{number} event{'s' * (number != 1)}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
