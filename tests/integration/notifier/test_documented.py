"""The document of the routes is the reference: every route of mails and bells has been seen to answer as it says."""

from typing import Any
from uuid import uuid4

from tests.integration.documented import Documented
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

UNDOCUMENTED = ("/v1/notifications/stream", "/v1/notifications/preferences", "/v1/templates", "/v1/operations/mail")
"""A stream, what has tests of its own, and the gate, which answers as status does."""


async def test_every_route_answers_as_its_document_says(running: Running) -> None:
    documented = Documented((await running.http.get("/openapi.json")).json())
    running.http.event_hooks["response"].append(documented.check)
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("sent")
    await mails(running, mail["id"])
    await bells(running)
    shown = {
        each
        for each in documented.operations
        if each[1].startswith(("/v1/emails", "/v1/notif", "/v1/operations/emails"))
    }
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


async def bells(running: Running) -> None:
    (item,) = (await running.get("/v1/notifications"))["items"]
    await running.get("/v1/notifications/count")
    assert (await running.post(f"/v1/notifications/{item['id']}/seen")).status_code == 200
    assert (await running.post("/v1/notifications/read-all", json={})).status_code == 200
