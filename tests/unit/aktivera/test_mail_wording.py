"""What the command says of mails that are held: what would change, what has changed, and how many go out."""

from typing import Any

import pytest
from typer.testing import CliRunner

from aktivera.mail_commands import MOST_HOURS, app
from aktivera.mail_wording import (
    hold_lines,
    list_lines,
    release_lines,
    retry_lines,
    show_lines,
    would_send_lines,
)
from aktivera.recovery_wording import DO_IT
from aktivera.wording import moment

SINCE = "2026-05-02T12:00:00Z"
OPEN: dict[str, Any] = {"held": False, "since": None, "by": None, "why": None}
HELD: dict[str, Any] = {"held": True, "since": SINCE, "by": "karin", "why": "the server is moved"}


def gate(before: dict[str, Any], after: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    return {"dry_run": dry_run, "before": before, "after": after, "mails": {**after, "would_send": 3, "recalled": 0}}


def released(*, dry_run: bool, before: dict[str, Any] = HELD) -> dict[str, Any]:
    counts = {"goes_out": 37, "given_up": 4}
    return {"dry_run": dry_run, "before": before, **counts, "mails": {**OPEN, "would_send": 37, "recalled": 0}}


def test_a_hold_says_what_would_change_and_what_has() -> None:
    assert hold_lines(gate(OPEN, HELD, dry_run=True)) == ["mails would be held from now on; 3 wait", DO_IT]
    assert hold_lines(gate(OPEN, HELD, dry_run=False)) == ["mails are held from now on; 3 wait"]


def test_a_second_hold_says_that_the_first_goes_on() -> None:
    first = f"mails are held since {moment(SINCE)} by karin: the server is moved"
    assert hold_lines(gate(HELD, HELD, dry_run=False)) == [f"{first}; nothing changed but who holds them"]
    other = {**HELD, "why": "and the network"}
    assert hold_lines(gate(HELD, other, dry_run=True)) == [f"{first}; the reason would be: and the network", DO_IT]


def test_a_release_says_how_many_go_out_and_how_many_count_as_unknown() -> None:
    assert release_lines(released(dry_run=True)) == ["would be released: 37 go out, 4 count as unknown", DO_IT]
    assert release_lines(released(dry_run=False)) == ["released: 37 go out, 4 count as unknown"]
    (said,) = release_lines(released(dry_run=False, before=OPEN))
    assert said == "mails are not held; of those that wait: 37 go out, 4 count as unknown"


def test_what_would_be_sent_is_listed_with_its_message_id_and_what_is_not_shown_is_counted() -> None:
    mail = {"id": "m-1", "template": "confirmation", "client_id": "c-1", "recipient": "a***@e.se", "resend": 0}
    shown = {**mail, "created_at": SINCE, "message_id": "<1@aktivera.local>"}
    lines = would_send_lines({"mails": {**HELD, "would_send": 3, "recalled": 0}, "items": [shown]})
    assert lines[1].split()[-1] == "MESSAGE-ID"
    assert lines[2].split()[-1] == "<1@aktivera.local>"
    assert lines[3] == "and 2 more"


MAIL: dict[str, Any] = {
    "id": "m-1", "template": "confirmation", "cause_id": "c-1", "client_id": "c-1", "agency": "byra-ett",
    "test": False, "recipient": "a•••@e.se", "locale": "sv", "resend": 0, "requested_by": None, "requested_why": None,
    "given_up_by": None, "given_up_why": None,
    "state": "retry", "attempts": 2, "created_at": SINCE, "due_at": SINCE, "transmitted_at": None,
    "settled_at": None, "smtp_code": 451, "reason": "email_deferred", "message_id": "<1@aktivera.local>",
}  # fmt: skip
AGAIN = MAIL | {
    "id": "m-2", "resend": 1, "requested_by": "karin", "requested_why": "it never came", "state": "sent",
    "settled_at": SINCE, "due_at": None, "smtp_code": 250, "reason": None,
}  # fmt: skip


def test_the_list_says_how_the_gate_stands_then_each_mail_with_why_and_when_next() -> None:
    found = {"mails": {**OPEN, "would_send": 3, "recalled": 0}, "items": [MAIL], "more": 1}
    gate_, head, row, more = list_lines(found, not_sent=False)
    assert gate_ == "mails are not held; 3 wait, 0 recalled from the topic"
    assert head.split()[0] == "ID"
    assert row.split()[3:] == ["retry", "2", "confirmation", "byra-ett", "c-1", "a•••@e.se", "email_deferred", "451",
                               *moment(SINCE).split()]  # fmt: skip
    assert more == "and more; --limit shows them"
    nothing = {"mails": {**OPEN, "would_send": 0, "recalled": 0}, "items": [], "more": False}
    assert list_lines(nothing, not_sent=False)[1:] == ["no such mail"]
    assert list_lines(nothing, not_sent=True)[1:] == ["every such mail was sent"]


def test_one_mail_is_told_with_its_way_and_its_copies() -> None:
    tried = {"at": SINCE, "phase": "recipient", "smtp_code": 451, "enhanced_code": "4.2.1", "reason": "email_deferred"}
    lines = show_lines(MAIL | {"copies": [MAIL, AGAIN], "tries": [tried]})
    assert f"tried until {moment(SINCE)}, as far as the recipient: 451 4.2.1 email_deferred" in lines
    assert "Message-ID <1@aktivera.local>" in lines
    assert f"retry (email_deferred 451); tried 2 times; the next try is at {moment(SINCE)}" in lines
    (other,) = (line for line in lines if line.startswith("also "))
    assert other.endswith(f"resend 1, asked for by karin: it never came: sent {moment(SINCE)}")
    assert "None" not in "\n".join(lines)


def test_who_gave_a_mail_up_is_named() -> None:
    gone = MAIL | {"state": "unknown", "settled_at": SINCE, "smtp_code": None, "reason": "email_outcome_unknown"}
    said = f"unknown {moment(SINCE)} (email_outcome_unknown); tried 2 times; op released all but it"
    given_up = gone | {"given_up_by": "op", "copies": [], "tries": []}
    assert said in show_lines(given_up | {"given_up_why": ""})
    assert f"{said}: sent before the loss" in show_lines(given_up | {"given_up_why": "sent before the loss"})


def test_a_retry_says_whether_the_mail_goes_now_or_another_is_sent() -> None:
    now = {"dry_run": True, "how": "now", "state": "retry", "new_id": None, "resends_left": None}
    assert retry_lines(now) == ["it waits (retry) and would be tried at once", DO_IT]
    again = {"dry_run": False, "how": "resend", "state": "unknown", "new_id": "m-2", "resends_left": 4}
    assert retry_lines(again) == ["it was unknown; it is sent again as m-2, 4 more times today"]


@pytest.mark.parametrize("hours", ["-1", "nan", "inf", "1e300", str(MOST_HOURS + 1)])
def test_an_age_that_no_mail_can_have_is_refused_before_anybody_is_asked(hours: str) -> None:
    done = CliRunner().invoke(app, ["list", "--older-than", hours])
    assert (done.exit_code, "Invalid value for" in done.output) == (2, True), done.output
