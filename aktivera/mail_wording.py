"""How the answers about the gate of mails read in a terminal: pure, one list of lines each."""

from typing import Any

from aktivera.recovery_wording import tried
from aktivera.wording import moment, table

HEAD = ("ID", "TEMPLATE", "CLIENT", "TO", "RESEND", "QUEUED", "MESSAGE-ID")


def mail_lines(answer: dict[str, Any]) -> list[str]:
    mails = answer["mails"]
    return [
        f"mails are {_gate(mails)}; {mails['would_send']} wait, {mails['recalled']} recalled from the topic",
        *_circuits(answer),
    ]


def would_send_lines(answer: dict[str, Any]) -> list[str]:
    rows = [
        (
            row["id"],
            row["template"],
            row["client_id"],
            row["recipient"],
            row["resend"] or "",
            moment(row["created_at"]),
            row["message_id"],
        )
        for row in answer["items"]
    ]
    left = answer["mails"]["would_send"] - len(rows)
    more = [f"and {left} more"] if rows and left > 0 else []
    return [*mail_lines(answer), *(table(HEAD, rows) if rows else []), *more]


def hold_lines(answer: dict[str, Any]) -> list[str]:
    before, after, dry_run = answer["before"], answer["after"], answer["dry_run"]
    if not before["held"]:
        said = f"mails {'would be' if dry_run else 'are'} held from now on; {answer['mails']['would_send']} wait"
    elif before["why"] == after["why"]:
        said = f"mails are {_gate(before)}; nothing {'would change' if dry_run else 'changed'} but who holds them"
    else:
        said = f"mails are {_gate(before)}; the reason {'would be' if dry_run else 'is now'}: {after['why']}"
    return [said, *tried(dry_run)]


def release_lines(answer: dict[str, Any]) -> list[str]:
    counts = f"{answer['goes_out']} go out, {answer['given_up']} count as unknown"
    word = "would be released" if answer["dry_run"] else "released"
    if not answer["before"]["held"]:
        word = "mails are not held; of those that wait"
    return [f"{word}: {counts}", *tried(answer["dry_run"])]


def _gate(gate: dict[str, Any]) -> str:
    if not gate["held"]:
        return "not held"
    return f"held since {moment(gate['since'])} by {gate['by'] or '-'}: {gate['why'] or '-'}"


def _circuits(answer: dict[str, Any]) -> list[str]:
    return [
        f"{each['relay']} takes no mails since {moment(each['since'])}: {each['trouble']}"
        f" {each['smtp_code'] or ''}".rstrip()
        + f"; tried next at {moment(each['try_at'])}"
        for each in answer.get("circuits", [])
        if each["state"] != "closed"
    ]
