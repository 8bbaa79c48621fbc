"""The document of the routes is the reference: every route of mails and bells has been seen to answer as it says."""

from typing import Any
from uuid import uuid4

from tests.integration.documented import Documented
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

UNDOCUMENTED = ("/v1/notifications/stream", "/v1/notifications/preferences")
"""A stream, and what has tests of its own."""


async def test_every_route_answers_as_its_document_says(running: Running) -> None:
    documented = Documented((await running.http.get("/openapi.json")).json())
    running.http.event_hooks["response"].append(documented.check)
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("sent")
    await mails(running, mail["id"])
    await bells(running)
    await gate(running)
    await templates(running)
    theirs = ("/v1/emails", "/v1/notif", "/v1/templates", "/v1/operations/emails", "/v1/operations/mail")
    shown = {each for each in documented.operations if each[1].startswith(theirs)}
    assert sorted(each for each in shown - documented.seen if not each[1].startswith(UNDOCUMENTED)) == []


async def mails(running: Running, email_id: object) -> None:
    operator = running.token("op", roles=["operator"])
    await running.get("/v1/emails")
    await running.get(f"/v1/emails/{email_id}")
    for path in ("", f"/{email_id}"):
        assert (await running.http.get(f"/v1/operations/emails{path}", headers=operator)).status_code == 200
    order: dict[str, Any] = {"reason": "asked for", "dry_run": True}
    again = await running.http.post(f"/v1/operations/emails/{email_id}/retry", json=order, headers=operator)
    assert again.status_code == 200
    assert (await running.post(f"/v1/emails/{email_id}/resend")).status_code == 202
    assert (await running.post(f"/v1/emails/{email_id}/resend")).status_code == 409
    assert (await running.post(f"/v1/emails/{uuid4()}/resend")).status_code == 404


async def gate(running: Running) -> None:
    operator = running.token("op", roles=["operator"])
    await running.hear(listed(uuid4(), confirmation_email="b@exempelbolaget.se"))
    await running.context.database.execute(
        """insert into mail_circuits (relay, state, since, trouble, failures)
           values ('a:25', 'open', now(), 'unreachable', 1)"""
    )
    shown = (await running.http.get("/v1/operations/mail", headers=operator)).json()
    assert (len(shown["items"]), len(shown["circuits"])) == (2, 1)
    for what, body, status in (
        ("hold", {}, 200),
        ("release", {}, 200),
        ("release", {"but": [str(uuid4())]}, 409),
    ):
        answer = await running.http.post(f"/v1/operations/mail/{what}", json=body, headers=operator)
        assert answer.status_code == status, answer.text


async def templates(running: Running) -> None:
    anna = running.token("anna", roles=["agency_admin"])
    for path in ("", "/reminder/preview", "/reminder/preview?format=text"):
        assert (await running.http.get(f"/v1/templates{path}", headers=anna)).status_code == 200


async def bells(running: Running) -> None:
    (item,) = (await running.get("/v1/notifications"))["items"]
    await running.get("/v1/notifications/count")
    assert (await running.post(f"/v1/notifications/{item['id']}/seen")).status_code == 200
    assert (await running.post("/v1/notifications/read-all", json={})).status_code == 200
