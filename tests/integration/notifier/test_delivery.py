"""What becomes of a mail, whatever the mail server says and whoever dies when."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from services.notifier.delivery import Delivery
from services.notifier.domain.mail import FINAL, JUMPS, LEASED, MailState
from services.notifier.leases import sweep
from services.notifier.mailer import Connection
from services.notifier.store import deliveries
from tests.eventually import eventually
from tests.integration.notifier.mail_server import MailServer
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed


async def kinds(running: Running) -> list[str]:
    return [event["type"].removeprefix("se.aktivera.") for event in await running.said()]


async def test_a_mail_is_sent_once(running: Running) -> None:
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("sent")
    assert running.server.recipients == ["anna@exempelbolaget.se"]
    assert (mail["attempt"], mail["smtp_code"]) == (1, 250)
    assert await kinds(running) == ["notification.raised.v1", "email.sent.v1"]
    assert (await running.said())[-1]["correlationid"] == "correlation-1"


async def test_a_mail_put_off_at_the_recipient_is_sent_later(running: Running) -> None:
    running.server.rcpt = ["451 4.7.1 greylisted"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("sent")
    assert mail["attempt"] == 2
    assert len(running.server.accepted) == 1


async def test_a_mail_put_off_after_the_content_is_sent_again_with_the_same_bytes(running: Running) -> None:
    """Whatever has changed meanwhile: here the sender."""
    running.server.data = ["452 4.3.1 disk full"] * 99
    await running.hear(listed(uuid4()))
    async with running.delivering():
        await running.mail_is("retry")
    running.server.data.clear()
    settings = running.context.settings.model_copy(update={"mail_from": "Annan <annan@example.se>"})
    async with running.delivering(replace(running.context, settings=settings)):
        await running.mail_is("sent")
    assert len(running.server.offered) >= 2
    assert set(running.server.offered) == set(running.server.accepted)
    assert len(running.server.accepted) == 1


@pytest.mark.parametrize("place", ["rcpt", "data"])
async def test_a_refused_mail_has_failed_and_is_not_tried_again(running: Running, place: str) -> None:
    setattr(running.server, place, ["550 5.1.1 no such user"])
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("failed")
    assert (mail["smtp_code"], mail["reason"], mail["attempt"]) == (550, "email_rejected", 1)
    assert await kinds(running) == ["notification.raised.v1", "email.failed.v1"]


async def test_a_refused_sender_is_not_the_mail_s_fault(running: Running) -> None:
    running.server.mail = ["550 5.7.1 who are you"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        assert (await running.mail_is("sent"))["attempt"] == 2


async def test_a_sender_refused_at_the_recipient_is_tried_again(running: Running) -> None:
    running.server.rcpt = ["550 5.1.8 Sender address rejected: Domain not found"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        assert (await running.mail_is("sent"))["attempt"] == 2


async def test_a_fault_of_ours_in_composing_is_not_the_mail_s(running: Running) -> None:
    wrong = running.context.settings.model_copy(update={"mail_domain": "aktivera.se\r\nBcc: all@example.se"})
    await running.hear(listed(uuid4()))
    async with running.delivering(replace(running.context, settings=wrong)):
        mail = await running.mail_is("retry")
    assert (mail["reason"], running.server.offered) == ("internal_error", [])


@pytest.mark.parametrize("state", JUMPS)
async def test_the_table_goes_from_state_to_state_as_the_rules_say(running: Running, state: MailState) -> None:
    database = running.context.database
    mail = await claimed(running)
    await database.execute(
        """update emails set state = $1, settled_at = case when $1 = any($2) then now() end, worker = null,
                  lease_until = case when $1 = any($3) then now() end""",
        state,
        FINAL,
        LEASED,
    )
    taken = await deliveries.claim(database, database.clock(), 9, 60, uuid4())
    assert bool(taken) == ("sending" in JUMPS[state])
    await database.execute("update emails set attempt = $1", mail.attempt)
    if not taken:
        assert await goes_out(running, mail) == ("transmitting" in JUMPS[state])


async def test_a_connection_lost_before_the_content_is_a_retry(running: Running) -> None:
    running.server.rcpt = ["drop"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        assert (await running.mail_is("sent"))["attempt"] == 2


async def test_a_mail_server_that_is_away_is_waited_for(running: Running) -> None:
    settings = running.context.settings.model_copy(update={"smtp_port": 1})
    away = replace(running.context, settings=settings)
    await running.hear(listed(uuid4()))
    async with running.delivering(away):
        mail = await running.mail_is("retry")
    assert mail["reason"] == "mail_server_unavailable"
    async with running.delivering():
        await running.mail_is("sent")


async def test_a_connection_lost_after_the_content_is_unknown_and_never_sent_again(running: Running) -> None:
    running.server.data = ["drop"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("unknown")
        await running.hear(listed(uuid4(), confirmation_email="next@exempelbolaget.se"))
        await eventually(lambda: _accepted(running.server, 1), within=10)
    assert mail["reason"] == "email_outcome_unknown"
    assert len(running.server.offered) == 2
    assert running.server.recipients == ["next@exempelbolaget.se"]
    assert "email.unknown.v1" in await kinds(running)


async def test_an_answer_that_does_not_come_leaves_the_mail_unknown(running: Running) -> None:
    running.server.data = ["wait"]
    settings = running.context.settings.model_copy(update={"smtp_data_timeout_seconds": 0.2})
    impatient = replace(running.context, settings=settings)
    await running.hear(listed(uuid4()))
    async with running.delivering(impatient):
        await running.mail_is("unknown")


async def expire(running: Running) -> None:
    await running.context.database.execute(
        "update emails set lease_until = clock_timestamp() - interval '1 second' where lease_until is not null"
    )
    await sweep(running.context.database)


async def goes_out(running: Running, mail: deliveries.Claimed) -> bool:
    async with running.context.database.unit_of_work() as uow:
        return await deliveries.transmit(uow.connection, [(mail, b"content")], 60) == {mail.id}


async def claimed(running: Running) -> deliveries.Claimed:
    await running.hear(listed(uuid4()))
    database = running.context.database
    return (await deliveries.claim(database, database.clock(), 9, 60, uuid4()))[0]


async def test_a_worker_that_died_before_the_content_is_replaced(running: Running) -> None:
    await claimed(running)
    await expire(running)
    assert (await running.mail())["state"] == "retry"
    async with running.delivering():
        assert (await running.mail_is("sent"))["attempt"] == 2


async def test_a_worker_that_died_with_the_content_out_leaves_the_mail_unknown(running: Running) -> None:
    mail = await claimed(running)
    assert await goes_out(running, mail)
    await expire(running)
    assert (await running.mail())["state"] == "unknown"
    assert await kinds(running) == ["notification.raised.v1", "email.unknown.v1"]


async def test_a_worker_whose_lease_ran_out_may_not_send_any_more(running: Running) -> None:
    mail = await claimed(running)
    await expire(running)
    assert not await goes_out(running, mail)


async def test_a_worker_whose_mail_is_swept_before_the_content_hangs_up(running: Running) -> None:
    await running.hear(listed(uuid4()))
    delivery = Delivery(running.context)
    database = running.context.database
    (mail,) = await deliveries.claim(database, database.clock(), 9, 60, uuid4())
    await expire(running)
    delivery._start(mail)  # the worker wakes up late
    await asyncio.gather(*delivery._flights)
    assert running.server.offered == []
    assert (await running.mail())["state"] == "retry"


async def test_an_answer_that_comes_after_the_sweep_is_believed(running: Running) -> None:
    running.server.data = ["wait"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        await running.mail_is("transmitting")
        await eventually(lambda: _offered(running.server, 1), within=10)
        await expire(running)
        assert (await running.mail())["state"] == "unknown"
        running.server.released.set()
        await running.mail_is("sent")
    assert await kinds(running) == ["notification.raised.v1", "email.unknown.v1", "email.sent.v1"]


async def test_two_processes_send_each_mail_once(running: Running) -> None:
    await running.hear(*(listed(uuid4(), confirmation_email=f"u{number}@exempel.se") for number in range(40)))
    one, other = running.replicas
    async with running.delivering(one), running.delivering(other):
        await eventually(lambda: _accepted(running.server, 40), within=20)
        await eventually(lambda: _all_sent(running), within=10)
    assert sorted(running.server.recipients) == sorted(f"u{number}@exempel.se" for number in range(40))
    assert running.server.connections <= 8


async def test_a_stop_gives_back_what_the_server_has_not_got(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def never(_connection: Connection, _parcel: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Connection, "_offer", never)
    await running.hear(listed(uuid4()))
    async with running.delivering():
        await asyncio.wait_for(begun.wait(), 10)
    mail = await running.mail()
    assert (mail["state"], mail["reason"]) == ("retry", "interrupted")
    assert mail["due_at"] - mail["created_at"] < timedelta(seconds=10)


async def test_a_stop_waits_for_the_answer_to_the_content(running: Running) -> None:
    running.server.data = ["wait"]
    await running.hear(listed(uuid4()))
    patient = running.context.settings.model_copy(update={"mail_stop_seconds": 30})
    async with running.delivering(replace(running.context, settings=patient)):
        await eventually(lambda: _offered(running.server, 1), within=10)
        asyncio.get_running_loop().call_later(0.2, running.server.released.set)
    assert (await running.mail())["state"] == "sent"


async def test_a_stop_leaves_an_unanswered_content_to_its_lease(running: Running) -> None:
    running.server.data = ["wait"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        await eventually(lambda: _offered(running.server, 1), within=10)
    assert (await running.mail())["state"] == "transmitting"


async def test_delivery_beats_while_it_waits_for_the_server(running: Running) -> None:
    running.server.data = ["wait"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        await eventually(lambda: _offered(running.server, 1), within=10)
        running.context.heartbeats._last["delivery"] = 0.0
        await eventually(lambda: _beats(running), within=5)


async def test_a_dot_at_the_start_of_a_line_arrives(running: Running) -> None:
    await running.hear(listed(uuid4(), client_name=".se AB"))
    async with running.delivering():
        await running.mail_is("sent")
    assert b"\r\n.se AB" in running.server.accepted[0]


async def test_a_swedish_address_arrives(running: Running) -> None:
    await running.hear(listed(uuid4(), confirmation_email="åsa@räksmörgås.se"))
    async with running.delivering():
        await running.mail_is("sent")
    assert running.server.recipients == ["åsa@xn--rksmrgs-5wao1o.se"]


async def _offered(server: MailServer, mails: int) -> bool:
    return len(server.offered) == mails


async def _accepted(server: MailServer, mails: int) -> bool:
    return len(server.accepted) == mails


async def _all_sent(running: Running) -> bool:
    return [row["state"] for row in await running.rows("select distinct state from emails")] == ["sent"]


async def _beats(running: Running) -> bool:
    return running.context.heartbeats._last["delivery"] > 0.0
