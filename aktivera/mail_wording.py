"""How the answers about mails and their gate read in a terminal: pure, one list of lines each."""

from typing import Any

from aktivera.recovery_wording import tried
from aktivera.wording import mail_server, moment, table

HEAD = ("ID", "TEMPLATE", "CLIENT", "TO", "RESEND", "QUEUED", "MESSAGE-ID")


_PHASES = {"before": "making it", "server": "the server", "recipient": "the recipient", "content": "the content"}

LIST_HEAD = ("ID", "QUEUED", "STATE", "TRIED", "TEMPLATE", "AGENCY", "CLIENT", "TO", "WHY", "NEXT")


def list_lines(answer: dict[str, Any], *, not_sent: bool) -> list[str]:
    """`not_sent`: no state was named, so that these are the mails that were not sent."""
    none = "every such mail was sent" if not_sent else "no such mail"
    rows = [_row(row) for row in answer["items"]]
    more = ["and more; --limit shows them"] if answer["more"] else []
    return [*mail_lines(answer), *(table(LIST_HEAD, rows) if rows else [none]), *more]


def _row(mail: dict[str, Any]) -> tuple[object, ...]:
    of = (mail["template"] + (f" (resend {mail['resend']})" if mail["resend"] else ""), mail["agency"])
    next_ = moment(mail["due_at"]) if mail["due_at"] else ""
    tried_ = (mail["id"], moment(mail["created_at"]), mail["state"], mail["attempts"])
    return (*tried_, *of, mail["client_id"], mail["recipient"], _why(mail), next_)


def _why(mail: dict[str, Any]) -> str:
    return " ".join(str(each) for each in (mail["reason"], mail["smtp_code"]) if each)


def show_lines(mail: dict[str, Any]) -> list[str]:
    """One mail's way in words, then its copies where there are others."""
    test = ", a test client's" if mail["test"] else ""
    lines = [
        f"{mail['id']}: {mail['template']} in {mail['locale']} to {mail['recipient']}{test}",
        f"about {mail['cause_id']}",
        f"of client {mail['client_id']}, agency {mail['agency']}",
        f"Message-ID {mail['message_id']}",
        f"queued {moment(mail['created_at'])}{_asked_by(mail)}",
    ]
    if mail["transmitted_at"]:
        lines.append(f"its content last went out {moment(mail['transmitted_at'])}")
    lines += [_tried(each) for each in mail["tries"]]
    lines.append(_now(mail))
    others = [each for each in mail["copies"] if each["id"] != mail["id"]]
    return lines + [f"also {_copy(each)}" for each in others]


def _tried(each: dict[str, Any]) -> str:
    codes = " ".join(str(code) for code in (each["smtp_code"], each["enhanced_code"], each["reason"]) if code)
    return f"tried until {moment(each['at'])}, as far as {_PHASES[each['phase']]}: {codes}"


def _now(mail: dict[str, Any]) -> str:
    why = f" ({_why(mail)})" if _why(mail) else ""
    times = f"tried {mail['attempts']} time{'s' * (mail['attempts'] != 1)}"
    if mail["settled_at"]:
        return f"{mail['state']} {moment(mail['settled_at'])}{why}; {times}{_given_up(mail)}"
    next_ = f"; the next try is at {moment(mail['due_at'])}" if mail["due_at"] else ""
    return f"{mail['state']}{why}; {times}{next_}"


def _given_up(mail: dict[str, Any]) -> str:
    if not mail["given_up_by"]:
        return ""
    why = f": {mail['given_up_why']}" if mail["given_up_why"] else ""
    return f"; {mail['given_up_by']} released all but it{why}"


def _asked_by(mail: dict[str, Any]) -> str:
    if not mail["resend"]:
        return ""
    why = f": {mail['requested_why']}" if mail["requested_why"] else ""
    return f", resend {mail['resend']}, asked for by {mail['requested_by']}{why}"


def _copy(mail: dict[str, Any]) -> str:
    ended = f" {moment(mail['settled_at'])}" if mail["settled_at"] else ""
    queued = f"queued {moment(mail['created_at'])}{_asked_by(mail)}"
    return f"{mail['id']} to {mail['recipient']}, {queued}: {mail['state']}{ended}"


def retry_lines(answer: dict[str, Any]) -> list[str]:
    """What would be done or was; the mail's own state stands there, since `unknown` asks for care."""
    if answer["how"] == "now":
        said = f"it waits ({answer['state']}) and {'would be' if answer['dry_run'] else 'is'} tried at once"
    else:
        new = f" as {answer['new_id']}" if answer["new_id"] else ""
        word = "would be" if answer["dry_run"] else "is"
        said = f"it was {answer['state']}; it {word} sent again{new}, {answer['resends_left']} more times today"
    return [said, *tried(answer["dry_run"])]


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
    return [mail_server(each) for each in answer.get("circuits", []) if each["state"] != "closed"]
