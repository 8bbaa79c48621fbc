"""An invitation over the whole road: asked for over HTTP, mailed, and accepted with the code in the mail, once."""

import re
from typing import Any

import httpx

from tests.eventually import eventually
from tests.system import checker
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig
from tests.system.test_road import activation, create

LISA = "lisa@exempelbolaget.se"


async def mail_to(rig: Rig, address: str) -> dict[str, Any]:
    """The only mail to somebody."""
    mails = [each for each in rig.mails() if address in str(each["to"])]
    assert len(mails) == 1, mails
    return mails[0]


def held_in(mail: dict[str, Any]) -> tuple[str, str]:
    """The invitation's id and code, as whoever reads the mail finds them."""
    found = re.search(r"Inbjudan: (\S+)\s+Kod: (\S+)", mail["text"])
    assert found is not None, mail["text"]
    return found[1], found[2]


async def test_an_invitation_is_mailed_and_its_code_lets_one_person_in_once(rig: Rig) -> None:
    """Both services compute the code by themselves; were one to do it otherwise nobody would come in."""
    client_id = await create(rig, next(organisation_numbers()))
    await eventually(lambda: activation(rig, client_id), within=15)
    async with httpx.AsyncClient(base_url=rig.url("activation"), timeout=15) as http:
        karin = rig.token("karin")
        activated = await http.post(f"/v1/activations/{client_id}/activate", headers=karin)
        assert activated.status_code == 200, activated.text
        body = {"name": "Lisa Lind", "email": LISA, "grants": []}
        invited = await http.post(f"/v1/clients/{client_id}/users", json=body, headers=karin)
        assert invited.status_code == 201, invited.text

        invitation_id, code = held_in(await eventually(lambda: mail_to(rig, LISA), within=15))

        async def accept(sub: str, given: str) -> httpx.Response:
            headers = rig.token(sub, client=client_id)
            return await http.post(f"/v1/invitations/{invitation_id}/accept", json={"code": given}, headers=headers)

        wrong = await accept("lisa", code[:-1] + ("A" if code[-1] != "A" else "B"))
        accepted = await accept("lisa", code)
        again = [await accept(sub, code) for sub in ("lisa", "maja")]
        assert (wrong.status_code, wrong.json()["code"]) == (404, "unknown_invitation")
        assert accepted.status_code == 200, accepted.text
        assert [(each.status_code, each.json()["code"]) for each in again] == [(409, "invitation_used")] * 2
        users = (await http.get(f"/v1/clients/{client_id}/users", headers=karin)).json()["items"]
        assert [each["state"] for each in users if each["email"] == LISA] == ["active"]
    await eventually(lambda: checker.settled(rig), within=30)
    topics = [str(await checker.events(rig, topic)) for topic in ("activation-events", "notification-events")]
    assert not any(code in each for each in topics)
    await eventually(lambda: mail_to(rig, LISA), within=5)
