"""How answers of the services read in a terminal: pure, one list of lines each. Nothing is shown as None."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

NOT_KNOWN = "-"


def moment(at: str | None) -> str:
    """An instant in this machine's time, to the second."""
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M:%S}" if at else NOT_KNOWN


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Columns as wide as their widest cell."""
    cells = [list(head), *([NOT_KNOWN if cell in {None, ""} else str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def refusal_lines(problem: dict[str, Any]) -> list[str]:
    """The code with its text, then every place that is wrong, and what there is in place of what was named."""
    places = [f"  {_place(error)}" for error in problem.get("errors", [])]
    there = [f"  there are: {', '.join(problem['there_are']) or 'none'}"] if "there_are" in problem else []
    return [f"refused: {problem.get('code')}: {problem.get('detail_en')}", *places, *there]


def _place(error: dict[str, Any]) -> str:
    said = (error.get("pointer") or "/", error.get("code"), error.get("detail_en"))
    return ": ".join(str(each) for each in said if each)


def is_wrong(status: dict[str, Any]) -> bool:
    """Whether a service needs somebody at once; held events alone do not make it so."""
    return bool(status.get("error") or status.get("reading_stopped_by") or status.get("stuck"))


def status_lines(services: Sequence[dict[str, Any]]) -> list[str]:
    return table(("SERVICE", "STATE", "OUTBOX"), [(each["service"], _state(each), _outbox(each)) for each in services])


def _state(status: dict[str, Any]) -> str:
    if "error" in status:
        return f"no answer: {status['error']}"
    facts = []
    if status.get("reading_stopped_by"):
        facts.append(f"reading stopped: {status['reading_stopped_by']}")
    if status.get("stuck"):
        facts.append(f"stuck: {', '.join(status['stuck'])}")
    if not status.get("complete", True):
        facts.append("reading again: statistics are too low")
    elif status.get("late"):
        facts.append(f"statistics are of {moment(status['as_of'])}")
    if status.get("held"):
        facts.append(f"held {status['held']}")
    facts += _mails(status.get("mails", {}))
    facts += [mail_server(each) for each in status.get("mail_servers", [])]
    facts += [f"announcing {each['kind']}: {_how_far(each)}" for each in status.get("announcing", [])]
    return "; ".join(facts) or "ok"


def _mails(mails: dict[str, Any]) -> list[str]:
    """Whether they are held; how many cannot be made, are being handed over, or are unknown; and since when."""
    held = [f"mails held, {mails['would_send']} wait"] if mails.get("held") else []
    return held + [
        f"mails {state}: {mails[state]} since {moment(mails[f'{state}_since'])}"
        for state in ("unmade", "transmitting", "unknown")
        if mails.get(state)
    ]


def mail_server(circuit: dict[str, Any]) -> str:
    """A mail server that takes no mails: what is wrong, since when, and when it is tried next."""
    wrong = " ".join(str(each) for each in (circuit["trouble"], circuit["smtp_code"]) if each)
    since, next_ = moment(circuit["since"]), moment(circuit["try_at"])
    return f"{circuit['relay']} takes no mails since {since}: {wrong}, tried next at {next_}"


def _how_far(announcing: dict[str, Any]) -> str:
    wanted = announcing.get("wanted")  # none where all are
    return str(announcing["announced"]) + (f" of {wanted}" if wanted is not None else "")


def _outbox(status: dict[str, Any]) -> object:
    """How many wait, and since when."""
    since = status.get("outbox_since")
    return f"{status['outbox']} since {moment(since)}" if since else status.get("outbox")


def trace_lines(steps: Sequence[dict[str, Any]]) -> list[str]:
    """The correlation ids first, where the services tell them; then one line a step."""
    ids = correlations(steps)
    lines = [f"correlation id: {', '.join(ids)}"] if ids else []
    for step in steps:
        told = {name: value for name, value in step["detail"].items() if value is not None}
        if len(ids) == 1:
            told.pop("correlation_id", None)
        at = f"{datetime.fromisoformat(step['at']).astimezone():%Y-%m-%d %H:%M:%S.%f}"[:-3] if step["at"] else ""
        facts = " ".join(f"{name}={value}" for name, value in told.items())
        lines.append(f"{at:<25}{step['service']:<12}{step['what']:<26}{facts}".rstrip())
    return lines


def correlations(steps: Sequence[dict[str, Any]]) -> list[str]:
    """Each correlation id once, in the order of the steps."""
    found = (step["detail"].get("correlation_id") for step in steps)
    return list(dict.fromkeys(each for each in found if each))
