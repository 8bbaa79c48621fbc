"""What the command says of status and trace, and of a refusal."""

import os
import pwd
from typing import Any

import pytest

from aktivera import SERVICES
from aktivera.operator_client import in_order, operator
from aktivera.wording import is_wrong, moment, refusal_lines, status_lines, trace_lines


def step(service: str, at: str, what: str, **detail: Any) -> dict[str, Any]:
    return {"service": service, "at": at, "what": what, "detail": detail}


def status(**facts: Any) -> dict[str, Any]:
    return {"service": "notifier", "outbox": 0, "held": 0, "reading_stopped_by": None, "stuck": [], **facts}


def test_a_service_with_held_events_is_neither_ok_nor_wrong() -> None:
    assert status_lines([status(held=12)])[1].split("  ")[1:2] == ["held 12"]
    assert not is_wrong(status(held=12))
    assert "ok" in status_lines([status()])[1]


def test_what_stops_a_service_is_said_and_wrong() -> None:
    for facts, said in (
        ({"reading_stopped_by": "TopicChanged: x"}, "reading stopped: TopicChanged: x"),
        ({"stuck": ["relay"]}, "stuck: relay"),
    ):
        assert is_wrong(status(**facts))
        assert said in status_lines([status(**facts)])[1]
    silent = {"service": "notifier", "error": "ConnectError"}
    assert is_wrong(silent)
    assert status_lines([silent])[1] == "notifier  no answer: ConnectError  -"


def test_statistics_that_are_too_low_or_late_are_neither_ok_nor_wrong() -> None:
    of = "2026-05-02T12:00:00Z"
    for facts, said in (
        ({"complete": False, "as_of": None, "late": True}, "reading again: statistics are too low"),
        ({"complete": True, "as_of": of, "late": True}, f"statistics are of {moment(of)}"),
        ({"complete": True, "as_of": of, "late": False}, "ok"),
    ):
        assert status_lines([status(**facts)])[1].split("  ")[1] == said
        assert not is_wrong(status(**facts))


def test_mails_that_are_being_handed_over_or_unknown_are_counted_since_when() -> None:
    since = "2026-05-02T12:00:00Z"
    mails = {"held": False, "would_send": 0, "transmitting": 1, "transmitting_since": since}
    shown = status_lines([status(mails={**mails, "unknown": 2, "unknown_since": since})])[1]
    assert f"mails transmitting: 1 since {moment(since)}; mails unknown: 2 since {moment(since)}" in shown
    none = {"held": False, "would_send": 3, "transmitting": 0, "transmitting_since": None}
    assert "ok" in status_lines([status(mails={**none, "unknown": 0, "unknown_since": None})])[1]


def test_mails_that_cannot_be_made_stand_in_the_status() -> None:
    since = "2026-05-02T12:00:00Z"
    shown = status_lines([status(mails={"held": False, "would_send": 3, "unmade": 2, "unmade_since": since})])[1]
    assert f"mails unmade: 2 since {moment(since)}" in shown


def test_a_mail_server_that_takes_no_mails_stands_in_the_status() -> None:
    since, next_ = "2026-05-02T12:00:00Z", "2026-05-02T12:05:00Z"
    shut = {"relay": "mail.se:25", "state": "open", "since": since, "try_at": next_, "trouble": "login_refused"}
    shown = status_lines([status(mail_servers=[{**shut, "smtp_code": 535}])])[1]
    said = f"mail.se:25 takes no mails since {moment(since)}: login_refused 535, tried next at {moment(next_)}"
    assert shown.split("  ")[1] == said
    assert "None" not in status_lines([status(mail_servers=[{**shut, "smtp_code": None}])])[1]


def test_every_place_that_a_refusal_points_at_is_said() -> None:
    problem = {
        "code": "invalid_content",
        "detail_en": "Wrong.",
        "errors": [{"pointer": "/reason", "code": "too_short"}],
    }
    assert refusal_lines(problem) == ["refused: invalid_content: Wrong.", "  /reason: too_short"]
    chosen = {"pointer": "/state", "code": "invalid_choice", "detail_en": "Choose one of them: sent, failed."}
    assert refusal_lines({**problem, "errors": [chosen]})[1:] == [
        "  /state: invalid_choice: Choose one of them: sent, failed."
    ]


def test_a_refusal_of_a_name_names_what_there_is() -> None:
    problem = {"code": "not_found", "detail_en": "Wrong.", "there_are": ["agency", "client"]}
    assert refusal_lines(problem)[1:] == ["  there are: agency, client"]
    assert refusal_lines(problem | {"there_are": []})[1:] == ["  there are: none"]


def test_the_outbox_tells_since_when_and_an_announcement_of_how_many() -> None:
    since = "2026-05-02T12:00:00Z"
    shown = status_lines([status(outbox=3, outbox_since=since)])[1]
    assert shown.endswith(f"3 since {moment(since)}")
    some, whole = ({"kind": "client", "announced": 0, "wanted": wanted} for wanted in (978, None))
    told = status_lines([status(announcing=[some, whole])])[1]
    assert "announcing client: 0 of 978; announcing client: 0  " in told


def test_a_person_without_a_name_in_the_environment_is_named_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    assert operator() == f"operator:{pwd.getpwuid(os.getuid()).pw_name}"


def test_steps_of_one_instant_stand_in_the_order_of_the_way_whatever_their_fractions() -> None:
    whole, fraction = "2026-05-02T12:00:00Z", "2026-05-02T12:00:00.100000Z"
    shown = in_order([step(service, at, "x") for at in (fraction, whole) for service in reversed(SERVICES)])
    assert [(each["at"], each["service"]) for each in shown] == [
        (at, service) for at in (whole, fraction) for service in SERVICES
    ]


def test_a_trace_begins_with_its_correlation_ids() -> None:
    lines = trace_lines([step("onboarding", "2026-05-02T12:00:00Z", "client.created", correlation_id="c-1", by=None)])
    assert lines[0] == "correlation id: c-1"
    assert lines[1].endswith("client.created")
    assert trace_lines([]) == []
