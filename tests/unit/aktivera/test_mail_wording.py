"""What the command says of mails that are held: what would change, what has changed, and how many go out."""

from typing import Any

from aktivera.mail_wording import hold_lines, release_lines, would_send_lines
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
