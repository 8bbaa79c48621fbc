"""An operator holds and releases mails: what an order would do is said before, and a slip in it releases nothing."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from services.notifier import giving_up
from tests.eventually import eventually
from tests.integration.in_process import Heard
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

MAIL = "/v1/operations/mail"


async def order(running: Running, what: str, **body: Any) -> httpx.Response:
    headers = running.token("op", roles=["operator"])
    return await running.http.post(f"{MAIL}/{what}", json=body, headers=headers)


async def done(running: Running, what: str, **body: Any) -> dict[str, Any]:
    answer = await order(running, what, **body)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def would_send(running: Running) -> list[dict[str, Any]]:
    headers = running.token("op", roles=["operator"])
    items: list[dict[str, Any]] = (await running.http.get(MAIL, headers=headers)).json()["items"]
    return items


async def states(running: Running) -> list[str]:
    return [row["state"] for row in await running.rows("select state from emails order by state")]


async def test_what_would_be_sent_is_shown_with_its_message_id(running: Running) -> None:
    await running.hear(listed(uuid4()), listed(uuid4(), confirmation_email="b@exempelbolaget.se"))
    shown = {mail["message_id"] for mail in await would_send(running)}
    async with running.delivering():
        await eventually(lambda: _accepted(running, 2), within=10)
    heads = b"".join(running.server.accepted).decode()
    assert len(shown) == 2
    assert all(f"Message-ID: {each}\r\n" in heads for each in shown)


async def test_a_mail_that_was_offered_is_shown_with_the_message_id_that_it_was_offered_with(running: Running) -> None:
    await running.hear(listed(uuid4()))
    content = b"Message-ID: <before@old.example>\r\nSubject: S\r\n\r\nText\r\n"
    await running.context.database.execute("update emails set state = 'retry', content = $1", content)
    (mail,) = await would_send(running)
    assert mail["message_id"] == "<before@old.example>"
    assert "content" not in mail


async def test_once_mails_are_held_also_those_wait_that_a_worker_had_taken(running: Running) -> None:
    """They count no attempt, and are shown among what would be sent at once: not when their lease has run out."""
    running.server.rcpt = ["wait"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        await eventually(lambda: _asked(running), within=10)
        await done(running, "hold", why="something is wrong with them", dry_run=False)
        running.server.released.set()
        waits = await running.mail_is("retry")
        assert (waits["reason"], waits["attempt"] - waits["uncounted"]) == ("interrupted", 0)
        assert len(await would_send(running)) == 1
        assert running.server.offered == []
        await done(running, "release", dry_run=False)
        await running.mail_is("sent")
    assert len(running.server.offered) == 1


async def test_a_second_hold_without_a_reason_keeps_the_first(running: Running) -> None:
    tried = await done(running, "hold", why="the server is moved")
    assert (tried["before"]["held"], tried["after"]["held"], tried["mails"]["held"]) == (False, True, False)
    first = (await done(running, "hold", why="the server is moved", dry_run=False))["mails"]
    again = (await done(running, "hold", dry_run=False))["mails"]
    assert (again["why"], again["since"]) == ("the server is moved", first["since"])
    other = (await done(running, "hold", why="and the network", dry_run=False))["mails"]
    assert (other["why"], other["since"]) == ("and the network", first["since"])


async def test_a_release_that_names_mails_that_do_not_wait_is_refused_and_names_them(running: Running) -> None:
    await done(running, "hold", dry_run=False)
    await running.hear(listed(uuid4()), listed(uuid4()))
    strangers = [str(uuid4()), str(uuid4())]
    but = [(await would_send(running))[0]["id"], *strangers]
    for dry_run in (True, False):
        refused = await order(running, "release", but=but, dry_run=dry_run)
        assert (refused.status_code, refused.json()["code"]) == (409, "emails_not_waiting")
        assert all(each in refused.json()["detail_en"] for each in strangers)
        assert but[0] not in refused.json()["detail_en"]
    assert await states(running) == ["pending", "pending"]
    assert (await done(running, "hold"))["before"]["held"]


@pytest.mark.parametrize(("but", "goes_out", "given_up"), [([], 3, 0), ([0, 1], 1, 2), ("all", 0, 3)])
async def test_a_dry_run_and_the_release_say_how_many_go_out_and_how_many_count_as_unknown(
    running: Running, but: Any, goes_out: int, given_up: int
) -> None:
    await done(running, "hold", dry_run=False)
    await running.hear(*(listed(uuid4()) for _ in range(3)))
    await running.context.database.execute("update emails set content = 'Message-ID: <a@b>'")
    waiting = [UUID(mail["id"]) for mail in await would_send(running)]
    named = but if but == "all" else [str(waiting[each]) for each in but]
    tried = await done(running, "release", but=named)
    assert await states(running) == ["pending"] * 3
    assert tried["mails"]["held"]
    released = await done(running, "release", but=named, dry_run=False)
    for answer in (tried, released):
        assert (answer["goes_out"], answer["given_up"]) == (goes_out, given_up)
    assert await states(running) == ["pending"] * goes_out + ["unknown"] * given_up
    given = await running.rows("select reason, content from emails where state = 'unknown'")
    assert [tuple(each.values()) for each in given] == [("email_outcome_unknown", None)] * given_up
    assert not released["mails"]["held"]


async def test_what_a_release_gives_up_is_on_record_with_who_did_it_and_why_said_and_belled(running: Running) -> None:
    """Would break: a mail that nobody knows of, which no event told, no bell rang for, and no person answers for."""
    await done(running, "hold", dry_run=False)
    client, other = uuid4(), uuid4()
    await running.hear(listed(client), listed(other))
    before = await running.said("notification-events")
    (given_up,) = await running.rows("select id from emails where client_id = $1", client)
    for dry_run in (True, False):
        assert await running.said("notification-events") == before
        await done(running, "release", but=[str(given_up["id"])], why="sent before the loss", dry_run=dry_run)
    new = (await running.said("notification-events"))[len(before) :]
    assert [(each["type"], each["correlationid"]) for each in new] == [
        ("se.aktivera.email.unknown.v1", "correlation-1")
    ]
    said = new[0]
    assert (said["data"]["email_id"], said["data"]["client_id"]) == (str(given_up["id"]), str(client))
    operator = running.token("op", roles=["operator"])
    way = (await running.http.get(f"/v1/operations/emails/{given_up['id']}", headers=operator)).json()
    assert (way["given_up_by"], way["given_up_why"]) == ("op", "sent before the loss")
    trace = (await running.http.get(f"/v1/operations/trace?client_id={client}", headers=operator)).json()
    assert [step["detail"]["given_up_by"] for step in trace["steps"] if step["what"] == "email.unknown"] == ["op"]
    await running.hear(
        Heard(
            "notification-events", orjson.dumps(said), said["subject"].encode(), (("ce_type", said["type"].encode()),)
        )
    )
    kinds = [row["kind"] for row in await running.rows("select kind from bells where client_id = $1", client)]
    assert sorted(kinds) == ["client_listed", "email_unknown"]
    assert await states(running) == ["pending", "unknown"]


async def test_all_mails_are_given_up_in_several_transactions_and_the_last_opens_the_gate(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would break: one transaction of a hundred thousand events; or a gate that is open while some are left."""
    monkeypatch.setattr(giving_up, "AT_ONCE", 2)
    await done(running, "hold", dry_run=False)
    await running.hear(*(listed(uuid4()) for _ in range(5)))
    released = await done(running, "release", but="all", why="all sent", dry_run=False)
    assert (released["given_up"], released["goes_out"], released["mails"]["held"]) == (5, 0, False)
    rows = await running.rows("select xmin::text as of, count(*) as mails from emails group by 1 order by 2")
    assert [row["mails"] for row in rows] == [1, 2, 2]
    (gate,) = await running.rows("select xmin::text as of from mail_gate")
    assert gate["of"] == rows[0]["of"]
    said = [event["type"] for event in await running.said("notification-events")]
    assert said.count("se.aktivera.email.unknown.v1") == 5


async def test_status_counts_mails_that_are_being_handed_over_and_those_that_nobody_knows_of(running: Running) -> None:
    running.server.data = ["drop"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        unknown = await running.mail_is("unknown")
        running.server.data = ["wait"]
        await running.hear(listed(uuid4(), confirmation_email="b@exempelbolaget.se"))
        await eventually(lambda: _transmitting(running), within=10)
    (under_way,) = await running.rows("select transmitted_at from emails where state = 'transmitting'")
    mails = await status(running)
    assert (mails["unknown"], datetime.fromisoformat(mails["unknown_since"])) == (1, unknown["settled_at"])
    since = datetime.fromisoformat(mails["transmitting_since"])
    assert (mails["transmitting"], since) == (1, under_way["transmitted_at"])
    assert (await running.post(f"/v1/emails/{unknown['id']}/resend")).status_code == 202
    assert ((await status(running))["unknown"], (await status(running))["unknown_since"]) == (0, None)


async def status(running: Running) -> dict[str, Any]:
    headers = running.token("op", roles=["operator"])
    mails: dict[str, Any] = (await running.http.get("/v1/operations/status", headers=headers)).json()["mails"]
    return mails


async def _asked(running: Running) -> bool:
    return running.server.senders == 1


async def _transmitting(running: Running) -> bool:
    return "transmitting" in await states(running)


async def _accepted(running: Running, mails: int) -> bool:
    return len(running.server.accepted) == mails
