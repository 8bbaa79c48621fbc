"""The agency's mails over HTTP, and sending one again."""

import asyncio
from uuid import uuid4

import pytest

from tests.eventually import eventually
from tests.integration.notifier.running import Running
from tests.integration.notifier.test_renewal import updated
from tests.unit.notifier.events import listed


async def sent(running: Running) -> str:
    await running.hear(listed(uuid4()))
    async with running.delivering():
        return str((await running.mail_is("sent"))["id"])


async def test_an_agency_sees_its_own_mails_alone(running: Running) -> None:
    email_id = await sent(running)
    (mail,) = (await running.get("/v1/emails"))["items"]
    assert (mail["id"], mail["state"], mail["attempts"], mail["due_at"]) == (email_id, "sent", 1, None)
    assert (await running.get(f"/v1/emails/{email_id}"))["recipient"] == "anna@exempelbolaget.se"
    assert (await running.get("/v1/emails", agency="byra-tva"))["items"] == []
    for path in (f"/v1/emails/{email_id}", f"/v1/emails/{uuid4()}"):
        answer = await running.http.get(path, headers=running.token(agency="byra-tva"))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_client_s_user_sees_no_mails(running: Running) -> None:
    headers = running.token(client=str(uuid4()))
    assert (await running.http.get("/v1/emails", headers=headers)).status_code == 403


async def test_mails_are_found_by_name_address_and_state_page_by_page(running: Running) -> None:
    for number in range(3):
        await running.hear(listed(uuid4(), client_name=f"Bolag {number}", confirmation_email=f"u{number}@e.se"))
    assert [mail["client_name"] for mail in (await running.get("/v1/emails?q=BOLAG 1"))["items"]] == ["Bolag 1"]
    assert [mail["client_name"] for mail in (await running.get("/v1/emails?q=u2@"))["items"]] == ["Bolag 2"]
    assert (await running.get("/v1/emails?state=sent"))["items"] == []
    first = await running.get("/v1/emails?limit=2")
    second = await running.get(f"/v1/emails?limit=2&cursor={first['next']}")
    shown = [mail["client_name"] for mail in (*first["items"], *second["items"])]
    assert shown == ["Bolag 2", "Bolag 1", "Bolag 0"]
    assert second["next"] is None


async def test_a_resend_is_a_new_counted_mail(running: Running) -> None:
    email_id = await sent(running)
    answer = await running.post(f"/v1/emails/{email_id}/resend")
    assert answer.status_code == 202
    assert (answer.json()["resend"], answer.json()["resends_left"]) == (1, 4)
    too_soon = await running.post(f"/v1/emails/{email_id}/resend")
    assert (too_soon.status_code, too_soon.json()["code"]) == (409, "email_not_resendable")
    async with running.delivering():
        await eventually(lambda: _sent(running, 2), within=10)
    one, other = running.server.accepted
    assert one != other
    assert (await running.get(f"/v1/emails/{answer.json()['id']}"))["requested_by"] == "karin"


async def test_the_same_idempotency_key_queues_one_mail(running: Running) -> None:
    email_id = await sent(running)
    headers = running.token() | {"Idempotency-Key": "k"}
    answers = [await running.http.post(f"/v1/emails/{email_id}/resend", headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(await running.rows("select from emails")) == 2


async def test_a_sixth_resend_a_day_is_refused(running: Running) -> None:
    email_id = await sent(running)
    async with running.delivering():
        for number in range(5):
            assert (await running.post(f"/v1/emails/{email_id}/resend")).status_code == 202
            await eventually(lambda number=number: _sent(running, number + 2), within=10)  # type: ignore[misc]
    answer = await running.post(f"/v1/emails/{email_id}/resend")
    assert (answer.status_code, answer.json()["code"]) == (429, "resend_limit")


async def test_another_agency_s_mail_is_not_resent(running: Running) -> None:
    email_id = await sent(running)
    answer = await running.http.post(f"/v1/emails/{email_id}/resend", headers=running.token(agency="byra-tva"))
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/v1/emails", "/v1/notifications"])
@pytest.mark.parametrize(
    ("query", "code"), [("q=a%00b", "invalid_value"), ("cursor=%00", "invalid_cursor"), ("cursor=MQ", "invalid_cursor")]
)
async def test_words_and_markers_that_cannot_be_are_refused(running: Running, path: str, query: str, code: str) -> None:
    answer = await running.http.get(f"{path}?{query}", headers=running.token())
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_confirmation_is_sent_again_to_the_address_that_a_person_names(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    async with running.delivering():
        email_id = str((await running.mail_is("sent"))["id"])
    await running.hear(updated(client_id))
    answer = await running.post(f"/v1/emails/{email_id}/resend", json={"recipient": "bo@Annat.se"})
    assert (answer.status_code, answer.json()["resends_left"]) == (202, 4)
    async with running.delivering():
        await eventually(lambda: _sent(running, 2), within=10)
    assert running.server.recipients == ["anna@exempelbolaget.se", "bo@annat.se"]
    shown = await running.get(f"/v1/emails/{answer.json()['id']}")
    assert (shown["recipient"], shown["resend"], shown["requested_by"]) == ("bo@annat.se", 1, "karin")


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("nobody", "invalid_email"),
        ("a@b.se\r\nBcc: c@d.se", "invalid_email"),
        ("811218-9876@b.se", "personal_number_not_allowed"),
        ("81.1218-9876@b.se", "personal_number_not_allowed"),
        ("\N{ARABIC-INDIC DIGIT EIGHT}112189876@b.se", "personal_number_not_allowed"),
    ],
)
async def test_an_address_that_is_none_is_refused_with_its_place(running: Running, recipient: str, code: str) -> None:
    email_id = await sent(running)
    answer = await running.post(f"/v1/emails/{email_id}/resend", json={"recipient": recipient})
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [("/recipient", code)]
    assert recipient not in answer.text
    assert len(await running.rows("select from emails")) == 1


async def test_a_sixth_other_address_a_day_is_refused(running: Running) -> None:
    email_id = await sent(running)
    for number in range(5):
        queued = await running.post(f"/v1/emails/{email_id}/resend", json={"recipient": f"u{number}@e.se"})
        assert queued.status_code == 202
    answer = await running.post(f"/v1/emails/{email_id}/resend", json={"recipient": "u5@e.se"})
    assert (answer.status_code, answer.json()["code"]) == (429, "readdress_limit")


async def test_other_addresses_are_counted_too_where_all_are_asked_for_at_once(running: Running) -> None:
    """Would break: whoever waited for another's resend decides on what was there before it."""
    email_id = await sent(running)
    answers = await asyncio.gather(
        *(running.post(f"/v1/emails/{email_id}/resend", json={"recipient": f"u{number}@e.se"}) for number in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [202] * 5 + [429] * 15
    assert len(await running.rows("select from emails")) == 6


async def test_only_a_confirmation_goes_to_another_address(running: Running) -> None:
    email_id = await sent(running)
    await running.context.database.execute("update emails set template = 'invitation'")
    answer = await running.post(f"/v1/emails/{email_id}/resend", json={"recipient": "bo@annat.se"})
    assert (answer.status_code, answer.json()["code"]) == (409, "recipient_fixed")


async def test_mails_are_found_by_client_and_template(running: Running) -> None:
    one, other = uuid4(), uuid4()
    await running.hear(listed(one), listed(other, confirmation_email="b@e.se"))
    assert [mail["client_id"] for mail in (await running.get(f"/v1/emails?client_id={one}"))["items"]] == [str(one)]
    assert len((await running.get("/v1/emails?template=confirmation"))["items"]) == 2
    assert (await running.get("/v1/emails?template=reminder"))["items"] == []
    assert (await running.get(f"/v1/emails?client_id={one}&template=reminder"))["items"] == []


async def _sent(running: Running, mails: int) -> bool:
    return len(await running.rows("select from emails where state = 'sent'")) == mails
