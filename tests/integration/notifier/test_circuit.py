"""While a mail server refuses us as a whole mails wait, none of them fails or loses an attempt, and one tries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from chassis.service import Context
from services.notifier.commits import CameTo, Commits
from services.notifier.domain.circuit import Circuit
from services.notifier.domain.mail import Deferred
from services.notifier.settings import NotifierSettings
from services.notifier.store import circuits, deliveries
from tests.eventually import eventually
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

NEVER = 1000.0


def patient(running: Running) -> Any:
    """A process that tries an open circuit only much later."""
    later = {"mail_circuit_seconds": NEVER, "mail_server_retry_seconds": NEVER, "mail_retry_delays_seconds": (NEVER,)}
    settings = running.context.settings.model_copy(update={"mail_workers": 1, **later})
    return replace(running.context, settings=settings)


async def hear_some(running: Running, count: int) -> None:
    await running.hear(*(listed(uuid4(), confirmation_email=f"u{number}@exempel.se") for number in range(count)))


async def _is(running: Running, state: str) -> Circuit:
    found = await circuits.every(running.context.database)
    assert [each.state for each in found] == [state]
    return found[0]


def relay_of(running: Running) -> str:
    assert isinstance(running.context.settings, NotifierSettings)
    return running.context.settings.relay


@asynccontextmanager
async def opened_by(running: Running, count: int = 6) -> AsyncIterator[Circuit]:
    await hear_some(running, count)
    async with running.delivering(patient(running)):
        yield await eventually(lambda: _is(running, "open"), within=10)


async def _later(running: Running) -> None:
    await running.context.database.execute("update mail_circuits set try_at = now(); update emails set due_at = now()")


@pytest.mark.parametrize(
    ("place", "answer", "trouble"),
    [
        ("mail", "550 5.7.1 who are you", "sender_refused"),
        ("mail", "530 5.7.0 authentication required", "login_refused"),
        ("mail", "451 4.3.0 not now", "unreachable"),
        ("mail", "421 4.3.2 shutting down", "unreachable"),
        ("rcpt", "550 5.4.5 Daily sending quota exceeded", "rate_limited"),
        ("rcpt", "530 5.7.0 authentication required", "login_refused"),
        ("data", "454 Throttling failure: maximum sending rate exceeded", "rate_limited"),
    ],
)
async def test_a_refusal_of_us_stops_all_mails_and_fails_none(
    running: Running, place: str, answer: str, trouble: str
) -> None:
    setattr(running.server, place, [answer])
    async with opened_by(running) as found:
        assert (found.trouble, found.smtp_code) == (trouble, int(answer[:3]))
    rows = await running.rows("select state, attempt - uncounted as attempts, deferrals from emails")
    assert {row["state"] for row in rows} <= {"pending", "retry"}
    assert [(row["attempts"], row["deferrals"]) for row in rows] == [(0, 0)] * 6
    assert running.server.accepted == []


@pytest.mark.parametrize("answer", ["550 5.1.7 bad sender", "550 5.1.8 Domain not found", "550 5.7.26 no SPF"])
async def test_one_receiver_s_refusal_of_our_sender_stops_no_other_mail(running: Running, answer: str) -> None:
    """Would break: a circuit that opens by what a mail server hands on from one receiver, again and again."""
    running.server.rcpt = [answer]
    await hear_some(running, 4)
    async with running.delivering(patient(running)):
        await eventually(lambda: _accepted(running, 3), within=10)
        (waits,) = await eventually(lambda: _put_off(running, 1), within=10)
    assert (waits["reason"], waits["smtp_code"], waits["settled_at"]) == ("email_rejected", 550, None)
    assert await circuits.every(running.context.database) == []


async def test_a_receiver_that_never_takes_our_sender_fails_the_mail_once_patience_is_over(
    running: Running,
) -> None:
    running.server.rcpt = ["550 5.7.26 no SPF"] * 100
    await running.hear(listed(uuid4()))
    impatient = running.context.settings.model_copy(update={"mail_give_up_days": 1e-6})
    async with running.delivering(replace(running.context, settings=impatient)):
        mail = await running.mail_is("failed")
    assert (mail["reason"], mail["smtp_code"]) == ("email_rejected", 550)
    assert mail["deferrals"] > 1


@pytest.mark.parametrize("answer", ["421 4.3.2 come back", "drop", "wait"])
async def test_a_mail_whose_dialogue_breaks_off_each_time_fails_once_patience_is_over(
    running: Running, answer: str
) -> None:
    """Would break: a mail that is tried every five minutes for ever, of which nobody hears."""
    running.server.rcpt = [answer] * 100
    await running.hear(listed(uuid4()))
    changes = {"mail_give_up_days": 1e-6, "smtp_rcpt_timeout_seconds": 0.1}
    impatient = running.context.settings.model_copy(update=changes)
    async with running.delivering(replace(running.context, settings=impatient)):
        mail = await running.mail_is("failed")
    assert (mail["reason"], mail["deferrals"]) == ("mail_server_unavailable", 0)
    assert mail["attempt"] - mail["uncounted"] > 1
    assert [event["type"] for event in await running.said()][-1] == "se.aktivera.email.failed.v1"
    assert await circuits.every(running.context.database) == []


async def _accepted(running: Running, mails: int) -> bool:
    return len(running.server.accepted) == mails


async def _put_off(running: Running, mails: int) -> list[dict[str, Any]]:
    rows = await running.rows("select * from emails where state = 'retry'")
    assert len(rows) == mails
    return rows


async def test_a_server_that_is_away_opens_it_and_one_mail_s_success_closes_it(running: Running) -> None:
    settings = patient(running).settings.model_copy(update={"smtp_port": 1})
    await hear_some(running, 6)
    async with running.delivering(replace(running.context, settings=settings)):
        assert (await eventually(lambda: _is(running, "open"), within=10)).trouble == "unreachable"
    assert len(await running.rows("select from emails where attempt > 0")) == 1
    await running.context.database.execute("update mail_circuits set relay = $1", relay_of(running))
    await _later(running)
    async with running.delivering():
        await running.all_settled()
    await _is(running, "closed")
    assert len(running.server.accepted) == 6


async def test_one_mail_at_a_time_tries_an_open_circuit(running: Running) -> None:
    running.server.mail = ["550 5.7.1 who are you"] * 3
    await hear_some(running, 6)
    with capture_logs() as logs:
        async with running.delivering():
            await running.all_settled()
    assert len(running.server.accepted) == 6
    told = [entry["event"] for entry in logs if entry["event"].startswith("mail server")]
    assert told.count("mail server stands in the way of all mails, they wait") == 1
    assert told.count("mail server takes mails again") == 1


async def test_it_is_tried_when_it_is_time_though_no_mail_is_due(running: Running) -> None:
    """Would break: a server that is back after a minute, and mails that wait for it four minutes more."""
    running.server.mail = ["550 5.7.1 who are you"] * 2
    await hear_some(running, 1)
    later = {"mail_server_retry_seconds": NEVER, "mail_retry_delays_seconds": (NEVER,)}
    settings = running.context.settings.model_copy(update=later)
    async with running.delivering(replace(running.context, settings=settings)):
        await running.mail_is("sent")
        await eventually(lambda: _is(running, "closed"), within=10)
    assert running.server.senders == 3


@pytest.mark.parametrize(
    ("waits", "taken"),
    [
        ("reason = 'mail_server_unavailable'", 1),
        ("reason = 'email_deferred', deferred_since = now()", 0),
        ("reason = 'email_paced'", 0),
        ("reason = 'mail_server_unavailable', deferred_since = now()", 0),
    ],
)
async def test_no_mail_that_has_a_reason_of_its_own_to_wait_tries_it_early(
    running: Running, waits: str, taken: int
) -> None:
    """Would break: a greylisted mail that is offered too early; one at which servers hang up, as the one that tries."""
    await hear_some(running, 1)
    database = running.context.database
    await database.execute(
        f"update emails set state = 'retry', turn = null, due_at = now() + interval '1 day', {waits}"
    )
    lane = deliveries.Lane(False, relay_of(running))
    found = await deliveries.claim(database, database.clock(), 9, 60, uuid4(), lane, probe="early")
    assert len(found) == taken


async def test_replicas_share_it(running: Running) -> None:
    running.server.mail = ["550 5.7.1 who are you"]
    async with opened_by(running):
        pass
    database = running.replicas[1].database
    lane = deliveries.Lane(False, relay_of(running))
    assert await deliveries.claim(database, database.clock(), 9, 60, uuid4(), lane) == []
    elsewhere = deliveries.Lane(False, "other.example.se:25")
    assert await deliveries.claim(database, database.clock(), 9, 60, uuid4(), elsewhere) != []


async def test_a_probe_that_is_taken_is_not_taken_twice_and_a_lost_one_is_replaced(running: Running) -> None:
    running.server.mail = ["550 5.7.1 who are you"]
    async with opened_by(running):
        pass
    await _later(running)
    one, other = running.context.database, running.replicas[1].database
    relay = relay_of(running)
    async with one.unit_of_work() as uow:
        found = await circuits.lock_to_be_tried(uow, relay, uow.now)
        assert found is not None
        async with other.unit_of_work() as at_once:
            assert await circuits.lock_to_be_tried(at_once, relay, at_once.now) is None
        await circuits.save(uow, replace(found, state="half_open", probe=uuid4()), 60)
    async with other.unit_of_work() as uow:
        assert await circuits.lock_to_be_tried(uow, relay, uow.now) is None
    await one.execute("update mail_circuits set probe_until = clock_timestamp() - interval '1 second'")
    async with other.unit_of_work() as uow:
        assert await circuits.lock_to_be_tried(uow, relay, uow.now) is not None


async def test_two_batches_of_outcomes_lock_circuits_in_one_order(running: Running) -> None:
    """Would break: each holds the circuit that the other waits for, and Postgres ends one of them."""
    await hear_some(running, 4)
    database = running.context.database
    mails = iter(await deliveries.claim(database, database.clock(), 4, 60, uuid4()))
    crosswise = ("a.example.se:25", "b.example.se:25"), ("b.example.se:25", "a.example.se:25")
    async with _locked(running, *crosswise[0]):
        pass  # they are there now: whoever comes waits for their rows
    async with _locked(running, *crosswise[0]):
        batches = [
            asyncio.gather(*(commits.came_to(_shut(next(mails), relay)) for relay in relays), return_exceptions=True)
            for commits, relays in zip(map(_commits, running.replicas), crosswise, strict=True)
        ]
        await eventually(lambda: _waiting(running, 2), within=10)
    assert await asyncio.gather(*batches) == [[True, True], [True, True]]


@asynccontextmanager
async def _locked(running: Running, *relays: str) -> AsyncIterator[None]:
    async with running.context.database.unit_of_work() as uow:
        for relay in relays:
            await circuits.lock(uow, relay)
        yield


def _shut(mail: deliveries.Claimed, relay: str) -> CameTo:
    return CameTo(mail, Deferred("email_deferred", "relay", 421, "rate_limited"), relay)


def _commits(context: Context) -> Commits:
    assert isinstance(context.settings, NotifierSettings)
    return Commits(context.database, context.settings, 60, lambda _relay: None)


async def _waiting(running: Running, transactions: int) -> bool:
    waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return len(await running.rows(waiting)) == transactions


async def test_operators_see_it(running: Running) -> None:
    running.server.mail = ["550 5.7.1 who are you"]
    async with opened_by(running):
        headers = running.token("op", roles=["operator"])
        shown = (await running.http.get("/v1/operations/mail", headers=headers)).json()["circuits"]
        (status,) = (await running.http.get("/v1/operations/status", headers=headers)).json()["mail_servers"]
        metrics = (await running.http.get("/metrics")).text
    (only,) = shown
    assert status == only
    assert (only["relay"], only["state"], only["trouble"]) == (relay_of(running), "open", "sender_refused")
    assert f'aktivera_mail_circuit_open{{relay="{only["relay"]}"}} 1.0' in metrics


async def test_a_mail_server_that_takes_mails_again_is_no_news(running: Running) -> None:
    running.server.mail = ["550 5.7.1 who are you"]
    async with opened_by(running, 1):
        await running.context.database.execute(
            "update mail_circuits set state = 'closed', trouble = null, smtp_code = null, failures = 0, try_at = null"
        )
        status = await running.http.get("/v1/operations/status", headers=running.token("op", roles=["operator"]))
    assert status.json()["mail_servers"] == []
