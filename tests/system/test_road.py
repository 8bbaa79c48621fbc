"""The whole road: one client from the request to its activation, over real Kafka, Postgres and SMTP."""

from typing import Any

import httpx
import orjson
from aiokafka import AIOKafkaProducer

from tests.eventually import eventually
from tests.infrastructure import fetch
from tests.system import checker
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig


def request(number: str, name: str = "Exempelbolaget AB", email: str = "anna@exempelbolaget.se") -> dict[str, Any]:
    return {
        "access": {"program_access": True, "invoice_recipient": "agency", "invoice_interval": "quarter"},
        "details": {
            "name": name,
            "identity": {"kind": "organisation", "number": number},
            "address": {"street": "Storgatan 1", "postal_code": "352 30", "city": "Växjö", "country": "SE"},
        },
        "licences": {"counts": {"bookkeeping": 2, "invoicing": 1}, "confirmation_email": email},
    }


async def create(rig: Rig, number: str) -> str:
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), headers=rig.token("karin"), timeout=15) as client:
        answer = await client.post("/v1/clients", json=request(number))
        assert answer.status_code == 201, answer.text
        client_id: str = answer.json()["client_id"]
        return client_id


async def activation(rig: Rig, client_id: str, **headers: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=rig.url("activation"), headers=headers or rig.token("karin")) as client:
        answer = await client.get(f"/v1/activations/{client_id}")
        assert answer.status_code == 200, answer.text
        row: dict[str, Any] = answer.json()
        return row


async def bells(rig: Rig, sub: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=rig.url("notifier"), headers=rig.token(sub)) as client:
        items: list[dict[str, Any]] = (await client.get("/v1/notifications")).json()["items"]
        return items


async def test_a_client_goes_from_api_to_list_mail_bell_and_activation(rig: Rig) -> None:
    client_id = await create(rig, next(organisation_numbers()))
    listed = await eventually(lambda: activation(rig, client_id), within=15)
    assert (listed["status"], listed["counts"]) == ("pending", {"bookkeeping": 2, "invoicing": 1})
    mail = await eventually(lambda: _mail(rig, "anna@exempelbolaget.se"), within=15)
    assert "Exempelbolaget AB" in mail["text"]
    raised = await eventually(lambda: bells(rig, "karin"), within=15)
    assert [bell["client_id"] for bell in raised] == [client_id]
    assert await bells(rig, "erik") == []
    async with httpx.AsyncClient(base_url=rig.url("activation"), headers=rig.token("erik", name="Erik Lund")) as erik:
        answer = await erik.post(f"/v1/activations/{client_id}/activate")
        assert answer.status_code == 200, answer.text
        assert answer.json()["became_system_administrator"] is True
    async with httpx.AsyncClient(base_url=rig.url("activation"), headers=rig.token("karin")) as karin:
        refused = await karin.post(f"/v1/activations/{client_id}/activate")
        assert (refused.status_code, refused.json()["code"]) == (409, "already_activated")
        assert "Erik Lund" in refused.json()["detail_sv"]
    await eventually(lambda: _tells(rig, "Erik Lund"), within=15)
    await eventually(lambda: _status(rig, client_id, "active"), within=15)


async def _mail(rig: Rig, to: str) -> dict[str, Any]:
    mails = [mail for mail in rig.mails() if to in str(mail["to"])]
    assert len(mails) == 1, mails
    return mails[0]


async def _tells(rig: Rig, name: str) -> bool:
    raised = await bells(rig, "karin")
    assert name in str(raised[0]), raised
    return True


async def _status(rig: Rig, client_id: str, status: str) -> bool:
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), headers=rig.token("karin")) as client:
        got = (await client.get(f"/v1/clients/{client_id}")).json()
        assert got["status"] == status, got
        return True


async def test_another_agency_finds_nothing_of_a_client(rig: Rig) -> None:
    client_id = await create(rig, next(organisation_numbers()))
    await eventually(lambda: activation(rig, client_id), within=15)
    stranger = rig.token("mona", "client_manager", "agency_admin", agency="byra-tva")
    for service, path in (("onboarding", "/v1/clients/{}"), ("activation", "/v1/activations/{}")):
        async with httpx.AsyncClient(base_url=rig.url(service), headers=stranger) as client:
            assert (await client.get(path.format(client_id))).json()["code"] == "not_found"
            assert (await client.get(path.format("").rstrip("/"))).json()["items"] == []
    async with httpx.AsyncClient(base_url=rig.url("activation"), headers=stranger) as client:
        answer = await client.post(f"/v1/activations/{client_id}/activate")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_every_route_needs_a_token(rig: Rig) -> None:
    open_to_all = {"/health/live", "/health/ready", "/metrics", "/v1/intake/key"}
    asked = 0
    for service in ("onboarding", "activation", "notifier"):
        async with httpx.AsyncClient(base_url=rig.url(service)) as client:
            paths = (await client.get("/openapi.json")).json()["paths"]
            for path, methods in paths.items():
                if path in open_to_all:
                    continue
                for method in methods:
                    url = path.replace("{client_id}", "0193a5b0-0000-7000-8000-000000000000")  # matched by its form
                    url = url.replace("{", "").replace("}", "")
                    answer = await client.request(method, url, json={})
                    assert answer.status_code == 401, (service, method, path, answer.status_code)
                    asked += 1
    assert asked > 15


PERSON = "811218-9876"  # from the tax authority's published test series
SPELLINGS = ("811218-9876", "8112189876", "19811218-9876", "198112189876", "811218+9876", "811218 9876")


async def test_nothing_personal_stands_in_a_topic_a_key_a_table_or_a_log(rig: Rig) -> None:
    """A sole trader by API, and an event that breaks the rule and sends the number in the clear."""
    body = request(PERSON, "Karins Måleri", "karin@maleri.se")
    body["details"]["identity"] = {"kind": "sole_trader", "number": PERSON}
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), headers=rig.token("karin"), timeout=15) as client:
        answer = await client.post("/v1/clients", json=body)
        assert answer.status_code == 201, answer.text
        client_id = answer.json()["client_id"]
        assert "811218-••••" in (await client.get(f"/v1/clients/{client_id}")).text
    event = {
        "specversion": "1.0",
        "id": "plain-number",
        "source": "/upstream/demo",
        "data": body | {"agency": "byra-ett"},
    }
    async with AIOKafkaProducer(bootstrap_servers=rig.common.kafka_bootstrap) as producer:
        topic = rig.common.topic_prefix + "onboarding-requests"
        await producer.send_and_wait(topic, orjson.dumps(event | {"type": "se.aktivera.onboarding.requested.v1"}))
    await eventually(lambda: activation(rig, client_id), within=15)
    await eventually(lambda: _mail(rig, "karin@maleri.se"), within=15)
    await eventually(lambda: _rejected(rig, "identity_must_be_encrypted"), within=15)
    said = {topic: orjson.dumps(await checker.events(rig, topic)).decode() for topic in checker.TOPICS}
    assert all(said.values())
    dumps = {name: await _whole_database(address) for name, address in rig.databases.items()}
    logs = {log.name: log.read_text(errors="replace") for log in rig.folder.glob("*.log")}
    assert len(logs) >= 4
    for where, text in {**said, **dumps, **logs, "mails": str(rig.mails())}.items():
        for spelling in SPELLINGS:
            assert spelling not in text, (where, spelling)
    for where, text in logs.items():
        assert "karin@maleri.se" not in text, where
        assert "Storgatan" not in text, where
    assert "Storgatan" not in str(said)


async def _rejected(rig: Rig, code: str) -> bool:
    told = [event["data"].get("code") for event in await checker.events(rig, "onboarding-results")]
    assert code in told, told
    return True


async def _whole_database(address: str) -> str:
    """Every row of every table as text."""
    tables = await fetch(address, "select table_name from information_schema.tables where table_schema = 'public'")
    rows = [await fetch(address, f'select t::text from "{table["table_name"]}" t') for table in tables]
    assert len(rows) > 8
    return str(rows)
