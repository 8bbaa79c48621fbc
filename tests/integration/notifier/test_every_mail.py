"""An operator finds single mails, sees one's way, and has one tried again; recipients stay masked."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.eventually import eventually
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

MAILS = "/v1/operations/emails"


def operator(running: Running) -> dict[str, str]:
    return running.token("op", roles=["operator"], agency="drift")


async def ids(running: Running, query: str = "") -> list[str]:
    answer = await running.http.get(f"{MAILS}{query}", headers=operator(running))
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


async def shown(running: Running, email_id: object) -> dict[str, Any]:
    answer = await running.http.get(f"{MAILS}/{email_id}", headers=operator(running))
    assert answer.status_code == 200, answer.text
    mail: dict[str, Any] = answer.json()
    return mail


async def retry(running: Running, email_id: object, **body: Any) -> httpx.Response:
    order = {"reason": "asked the recipient"} | body
    return await running.http.post(f"{MAILS}/{email_id}/retry", json=order, headers=operator(running))


async def test_mails_are_found_by_what_is_known_of_them_and_sent_ones_only_where_asked_for(running: Running) -> None:
    client_id = uuid4()
    for event in (listed(client_id), listed(uuid4(), agency="byra-tva"), listed(uuid4())):
        await running.hear(event)
    first, second, third = (str(row["id"]) for row in await running.rows("select id from emails order by id"))
    await running.context.database.execute("update emails set state = 'sent', settled_at = now() where id = $1", third)
    await running.context.database.execute(
        "update emails set state = 'unknown', settled_at = now(), created_at = now() - interval '1 day' where id = $1",
        second,
    )
    assert await ids(running) == [second, first]
    for state, found in {"sent": [third], "unknown": [second], "pending": [first], "retry": [], "sending": []}.items():
        assert await ids(running, f"?state={state}") == found
    assert await ids(running, "?agency=byra-tva") == [second]
    assert await ids(running, f"?client_id={client_id}") == [first]
    assert await ids(running, "?template=reminder") == []
    day_old = (await shown(running, second))["created_at"]
    assert await ids(running, f"?queued_before={day_old.replace('+00:00', 'Z')}") == []
    assert await ids(running, "?queued_before=2100-01-01T00:00:00Z") == [second, first]
    answer = await running.http.get(f"{MAILS}?limit=1", headers=operator(running))
    assert await ids(running, f"?limit=1&cursor={answer.json()['next']}") == [first]


async def test_a_mail_s_way_is_shown_with_its_message_id_and_without_whom_it_is_for(running: Running) -> None:
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("sent")
    way = await shown(running, mail["id"])
    assert f"Message-ID: {way['message_id']}\r\n".encode() in running.server.accepted[0]
    assert (way["recipient"], way["state"], way["attempts"]) == ("a•••@exempelbolaget.se", "sent", 1)
    assert way["transmitted_at"] <= way["settled_at"]
    assert [each["id"] for each in way["copies"]] == [str(mail["id"])]
    listing = await running.http.get(f"{MAILS}?state=sent", headers=operator(running))
    assert "anna@" not in listing.text + str(way)


async def test_a_mail_that_waits_is_tried_at_once_and_no_second_one_is_made(running: Running) -> None:
    await running.hear(listed(uuid4()))
    await running.context.database.execute("update emails set state = 'retry', due_at = now() + interval '1 day'")
    mail = await running.mail()
    async with running.delivering():
        tried = (await retry(running, mail["id"])).json()
        assert (tried["dry_run"], tried["how"], tried["state"]) == (True, "now", "retry")
        assert (await running.mail())["due_at"] == mail["due_at"]
        assert (await retry(running, mail["id"], dry_run=False)).status_code == 200
        await running.mail_is("sent")


async def test_a_mail_with_an_outcome_is_sent_again_counted_with_who_and_why(running: Running) -> None:
    running.server.data = ["drop"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("unknown")
    tried = (await retry(running, mail["id"])).json()
    assert (tried["how"], tried["state"], tried["new_id"], tried["resends_left"]) == ("resend", "unknown", None, 4)
    assert len(await running.rows("select from emails")) == 1
    done = (await retry(running, mail["id"], dry_run=False)).json()
    assert done["resends_left"] == 4
    async with running.delivering():
        await eventually(lambda: _sent(running), within=10)
    one, other = (await shown(running, mail["id"]))["copies"]
    assert (one["state"], one["requested_by"]) == ("unknown", None)
    assert (other["id"], other["state"], other["resend"]) == (done["new_id"], "sent", 1)
    assert (other["requested_by"], other["requested_why"]) == ("op", "asked the recipient")


async def test_an_operator_s_resends_count_as_anybody_s(running: Running) -> None:
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("sent")
    for _ in range(5):
        assert (await retry(running, mail["id"], dry_run=False)).status_code == 200
        again = await retry(running, mail["id"])
        assert again.json().get("code") in {"email_not_resendable", "resend_limit"}
        await running.context.database.execute(
            "update emails set state = 'sent', settled_at = now() where state = 'pending'"
        )
    refused = await retry(running, mail["id"])
    assert (refused.status_code, refused.json()["code"]) == (429, "resend_limit")
    assert 86_000 < int(refused.headers["Retry-After"]) <= 86_400


async def test_of_two_who_try_an_unknown_mail_again_at_once_one_sends_it_and_one_is_told(running: Running) -> None:
    running.server.data = ["drop"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("unknown")
    answers = await asyncio.gather(*(retry(running, mail["id"], dry_run=False) for _ in range(5)))
    assert sorted(answer.json().get("code", "") for answer in answers) == ["", *["email_not_resendable"] * 4]
    assert len(await running.rows("select from emails")) == 2


async def test_a_mail_that_is_not_is_not_found_and_nobody_but_operators_asks(running: Running) -> None:
    assert (await retry(running, uuid4())).json()["code"] == "not_found"
    missing = await running.http.get(f"{MAILS}/{uuid4()}", headers=operator(running))
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    for path in (MAILS, f"{MAILS}/{uuid4()}"):
        assert (await running.http.get(path, headers=running.token("anna", roles=["agency_admin"]))).status_code == 403


async def _sent(running: Running) -> bool:
    return len(await running.rows("select from emails where state = 'sent'")) == 1


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "1764000000"])
async def test_a_time_that_is_none_in_the_calendar_is_refused_with_its_place(running: Running, moment: str) -> None:
    answer = await running.http.get(f"{MAILS}?queued_before={moment}", headers=operator(running))
    assert answer.status_code == 422, answer.text
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [("/queued_before", "invalid_date")]
