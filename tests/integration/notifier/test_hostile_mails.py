"""PROMISE: what names and addresses say reaches no second recipient and no second header, by whatever way they came."""

import email
from email.policy import default
from uuid import UUID, uuid4

import orjson

from schemas.agency import AgencyRegisteredV1
from tests.integration.in_process import Heard
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import event_of, listed
from tests.unit.notifier.hostile import ADDRESSES, FINE, NAMES
from tests.unit.notifier.test_header_injection import HEADERS, headers


def heard(**changes: str) -> Heard:
    """A listed client as the topic could bring it, past every rule that activation has."""
    event = Heard.of(listed(uuid4()))
    assert event.value is not None
    body = orjson.loads(event.value)
    body["data"] |= changes
    return Heard(event.topic, orjson.dumps(body), event.key, event.headers)


async def delivered(running: Running) -> None:
    async with running.delivering():
        await running.all_settled(within=60)


async def test_a_name_with_a_line_break_fails_its_own_mail_alone(running: Running) -> None:
    await running.hear(
        listed(uuid4(), client_name="Bolaget\r\nBcc: all@example.se"),
        listed(uuid4(), confirmation_email="next@exempelbolaget.se"),
    )
    await delivered(running)
    assert await running.rows("select from emails where state = 'failed'") != []
    assert running.server.recipients == ["next@exempelbolaget.se"]


async def test_no_name_that_comes_by_event_adds_a_header_or_a_recipient(running: Running) -> None:
    agency = AgencyRegisteredV1(agency="byra-ett", name=NAMES["CR LF"], locale="sv", client_visibility="all")
    await running.hear(event_of(agency))
    outcome = await running.hear(*(heard(client_name=name) for name in NAMES.values()))
    assert outcome.applied == len(NAMES)
    await delivered(running)
    states = {row["client_name"]: row["state"] for row in await running.rows("select client_name, state from emails")}
    refused = {name for name, state in states.items() if state == "failed"}
    assert refused == {each for each in NAMES.values() if len(each.splitlines()) > 1}
    assert {row["reason"] for row in await running.rows("select reason from emails where state = 'failed'")} == {
        "unprocessable"
    }
    assert len(running.server.accepted) == len(NAMES) - len(refused)
    assert set(running.server.recipients) == {"anna@exempelbolaget.se"}
    assert all([name for name, _ in headers(each)] == HEADERS for each in running.server.accepted)
    read = [email.message_from_bytes(each, policy=default) for each in running.server.accepted]
    assert any("Bolaget gnp.exe" in each["Subject"] for each in read)
    assert not any(turning in each["Subject"] for each in read for turning in "\u202e\u2067")


async def test_the_markup_of_a_name_is_text_in_a_mail(running: Running) -> None:
    await running.hear(heard(client_name=NAMES["markup"]), heard(client_name=NAMES["a template"]))
    await delivered(running)
    bodies = [email.message_from_bytes(each, policy=default).get_body(("html",)) for each in running.server.accepted]
    texts = [body.get_content() for body in bodies if body is not None]
    assert len(texts) == 2
    assert not any("<script>" in each for each in texts)
    assert any("{{ console_url }}" in each for each in texts)


async def test_no_address_that_comes_by_event_is_another_s_or_two(running: Running) -> None:
    sent = [heard(confirmation_email=address) for address in (*ADDRESSES.values(), *FINE)]
    outcomes = [await running.hear(each) for each in sent if b"\\u0000" not in (each.value or b"")]
    assert sum(outcome.applied + len(outcome.holds) for outcome in outcomes) == len(sent) - 1
    await delivered(running)
    assert sorted(running.server.recipients) == sorted(FINE.values())
    failed = await running.rows("select reason from emails where state = 'failed'")
    assert {row["reason"] for row in failed} == {"unprocessable"}
    assert len(failed) + len(FINE) + sum(len(outcome.holds) for outcome in outcomes) == len(sent) - 1


async def test_a_resend_to_a_hostile_address_is_refused(running: Running) -> None:
    await running.hear(listed(uuid4()))
    await delivered(running)
    id_: UUID = (await running.mail())["id"]
    for address in ADDRESSES.values():
        answer = await running.post(f"/v1/emails/{id_}/resend", json={"recipient": address})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_content"), address
        told = [(each["pointer"], each["code"]) for each in answer.json()["errors"]]
        assert told == [("/recipient", "invalid_email")], address
    assert len(await running.rows("select from emails")) == 1


async def test_what_waits_on_a_connection_says_no_more_than_one_mail(running: Running) -> None:
    """A body that looks like the end of a mail and further commands arrives as a body."""
    end = ".\r\nMAIL FROM:<x@example.se>\r\nRCPT TO:<all@example.se>\r\nDATA\r\n"
    agency = AgencyRegisteredV1(agency="byra-ett", name=end, locale="sv", client_visibility="all")
    await running.hear(event_of(agency))
    await running.hear(listed(uuid4()))
    await delivered(running)
    assert running.server.recipients == ["anna@exempelbolaget.se"]
    body = email.message_from_bytes(running.server.accepted[0], policy=default).get_body(("plain",))
    assert body is not None
    assert "RCPT TO" in body.get_content()
