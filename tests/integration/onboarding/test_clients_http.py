"""Clients over HTTP: created once, refused by name, listed and shown inside the agency alone."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from chassis.ids import uuid7
from services.onboarding import vault
from tests.integration.onboarding.running import Running
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import association, content, organisation, sole_trader


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    """Two agencies: clients are created for those alone that are registered."""
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)


async def test_a_client_is_created_and_said_in_one_transaction(running: Running) -> None:
    answer = await running.create(content(external_ref="A-1"))
    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["agency"], body["external_ref"]) == ("submitted", "byra-ett", "A-1")
    (created,) = await running.said("client-events")
    assert created["subject"] == body["client_id"]
    assert created["sequence"] == "1"
    assert created["data"]["created_by"] == {"sub": "karin", "name": "Karin"}
    assert created["data"]["origin"] == "api"


async def test_the_same_idempotency_key_creates_one_client_and_answers_the_same(running: Running) -> None:
    headers = running.token() | {"Idempotency-Key": "k-1"}
    first, again = [await running.http.post("/v1/clients", json=content(), headers=headers) for _ in range(2)]
    assert (again.status_code, again.json()) == (201, first.json())
    other = await running.http.post("/v1/clients", json=content(details__name="Annat AB"), headers=headers)
    assert other.json()["code"] == "idempotency_key_reused"
    assert len(await running.said("client-events")) == 1


async def test_two_simultaneous_creates_give_one_client_and_one_refusal(running: Running) -> None:
    answers = await asyncio.gather(*(running.create(content(), sub=f"k{n}") for n in range(6)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 5
    (created,) = [each.json() for each in answers if each.status_code == 201]
    for refused in (each.json() for each in answers if each.status_code == 409):
        assert refused["code"] == "duplicate_client"
        assert refused["client_id"] == created["client_id"]
    assert len(await running.said("client-events")) == 1


@pytest.mark.parametrize(
    ("identity", "code"), [(sole_trader(), "duplicate_client"), (association(), "possible_duplicate")]
)
async def test_simultaneous_creates_on_a_personal_number_are_decided_by_its_index(
    running: Running, identity: dict[str, Any], code: str
) -> None:
    sent = content(details__identity=identity)
    answers = await asyncio.gather(*(running.create(sent) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {code}


async def test_a_confirmed_association_may_stand_beside_its_double(running: Running) -> None:
    sent = content(details__identity=association())
    assert (await running.create(sent)).status_code == 201
    assert (await running.create(sent | {"confirm_duplicate": True})).status_code == 201
    assert (await running.create(sent)).json()["code"] == "possible_duplicate"
    (noted,) = await running.rows("select act, edition, by_sub from client_changes")
    assert noted == {"act": "confirm_duplicate", "edition": 1, "by_sub": "karin"}


async def test_another_agencys_client_is_refused_without_disclosing_anything(running: Running) -> None:
    created = (await running.create(content(details__name="Hemliga AB"))).json()
    answer = await running.create(content(), agency="byra-tva")
    assert (answer.status_code, answer.json()["code"]) == (409, "client_exists_elsewhere")
    for hidden in (created["client_id"], "byra-ett", "Hemliga", created["created_at"][:10]):
        assert hidden not in answer.text


async def test_an_external_reference_is_taken_once_in_an_agency(running: Running) -> None:
    created = (await running.create(content(external_ref="A-1"))).json()
    other = content(external_ref="A-1", details__identity__number=organisation(1))
    answer = await running.create(other)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_onboarded")
    assert answer.json()["client_id"] == created["client_id"]
    assert (await running.create(other, agency="byra-tva")).status_code == 201


async def test_all_that_is_wrong_comes_back_at_once(running: Running) -> None:
    answer = await running.create(content(details__name="", licences__confirmation_email="x"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {(each["pointer"], each["code"]) for each in answer.json()["errors"]} == {
        ("/details/name", "required"),
        ("/licences/confirmation_email", "invalid_email"),
    }
    assert await running.said("client-events") == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"details": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"])
async def test_a_body_that_is_no_request_is_refused(running: Running, body: bytes) -> None:
    headers = running.token() | {"Content-Type": "application/json"}
    answer = await running.http.post("/v1/clients", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    ("claims", "code"),
    [({"roles": ["operator"]}, "not_allowed"), ({"roles": []}, "not_allowed"), ({"client": "c-1"}, "not_allowed")],
)
async def test_only_agency_staff_create_clients(running: Running, claims: dict[str, Any], code: str) -> None:
    answer = await running.create(content(), **claims)
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert (await running.http.post("/v1/clients", json=content())).status_code == 401


async def test_an_agency_that_is_not_registered_gets_no_client(running: Running) -> None:
    for agency in ("byra-tre", "Byrå 3"):
        answer = await running.create(content(), agency=agency)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_agency")
    assert await running.said("client-events") == []


@pytest.mark.parametrize("header", ["Idempotency-Key", "X-Correlation-ID"])
async def test_a_personal_number_in_a_header_is_refused_and_stored_nowhere(running: Running, header: str) -> None:
    headers = running.token() | {header: "order 811218-9876"}
    answer = await running.http.post("/v1/clients", json=content(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "personal_number_not_allowed")
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{header}"]
    assert not tells_number(answer.text)
    assert await running.rows("select from idempotency_keys") == []
    headers |= {header: "order 811218-9877"}
    assert (await running.http.post("/v1/clients", json=content(), headers=headers)).status_code == 201


@pytest.mark.parametrize(
    "changes", [{"external_ref": "a\x00b"}, {"details__name": "\ud800"}, {"details__address__city": "V\x00"}]
)
async def test_what_the_database_cannot_store_is_refused_by_place(running: Running, changes: dict[str, str]) -> None:
    body = json.dumps(content(**changes)).encode()
    headers = running.token() | {"Content-Type": "application/json"}
    answer = await running.http.post("/v1/clients", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_value")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/" + next(iter(changes)).replace("__", "/")]


@pytest.mark.parametrize("query", ["q=a%00b", "q=%0A%0Db"])
async def test_words_that_no_name_can_hold_are_refused(running: Running, query: str) -> None:
    answer = await running.http.get(f"/v1/clients?{query}", headers=running.token())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_value")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/q"]


async def test_a_personal_number_is_in_the_vault_alone(running: Running) -> None:
    client_id = (await running.create(content(details__identity=sole_trader()))).json()["client_id"]
    shown = (await running.http.get(f"/v1/clients/{client_id}", headers=running.token())).json()
    assert shown["identity"] == {"kind": "sole_trader", "number": "811218-••••", "responsible_person": None}
    for table in ("clients", "outbox", "vault", "idempotency_keys"):
        text = "".join(str(tuple(row.values())) for row in await running.rows(f"select * from {table}"))
        assert "8112189876" not in text
        assert "811218-9876" not in text
    async with running.context.database.unit_of_work() as uow:
        assert await vault.opened().reveal(uow, UUID(client_id)) == "198112189876"


async def test_an_organisations_number_is_public_and_not_in_the_vault(running: Running) -> None:
    client_id = (await running.create(content())).json()["client_id"]
    shown = (await running.http.get(f"/v1/clients/{client_id}", headers=running.token())).json()
    assert shown["identity"]["number"] == "556036-0793"
    assert shown["address"] == {"street": "Storgatan 1", "postal_code": "12345", "city": "Växjö", "country": "SE"}
    assert await running.rows("select * from vault") == []


async def test_another_agencys_client_is_not_found(running: Running) -> None:
    client_id = (await running.create(content())).json()["client_id"]
    for wanted in (client_id, str(uuid7())):
        answer = await running.http.get(f"/v1/clients/{wanted}", headers=running.token(agency="byra-tva"))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_list_pages_newest_first_and_searches(running: Running) -> None:
    ids = []
    for number in range(5):
        sent = content(details__name=f"Ångström {number} AB", details__identity__number=organisation(number))
        ids.append((await running.create(sent | {"external_ref": f"A-{number}"})).json()["client_id"])
    await running.create(content(), agency="byra-tva")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await running.http.get("/v1/clients", params={"limit": 2, **cursor}, headers=running.token())).json()
        seen += [item["client_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(seen) == sorted(ids)
    assert seen == sorted(seen, reverse=True)

    async def found(**params: str) -> list[str]:
        answer = await running.http.get("/v1/clients", params=params, headers=running.token())
        return [item["client_id"] for item in answer.json()["items"]]

    assert await found(q="ÅNGSTRÖM 3") == [ids[3]]
    assert await found(q="A-2") == [ids[2]]
    assert await found(q=organisation(4)) == [ids[4]]
    assert await found(q="%") == []
    assert len(await found(status="submitted")) == 5
    assert await found(status="active") == []
    answer = await running.http.get("/v1/clients", params={"cursor": "%%"}, headers=running.token())
    assert answer.json()["code"] == "invalid_cursor"


async def test_programs_are_shown_to_any_caller(running: Running) -> None:
    items = (await running.http.get("/v1/programs", headers=running.token())).json()["items"]
    assert "bookkeeping" in {item["id"] for item in items if item["orderable"]}
    assert (await running.http.get("/v1/programs")).status_code == 401


async def test_programs_are_shown_with_all_that_a_permission_can_name(running: Running) -> None:
    answer = (await running.http.get("/v1/programs", headers=running.token())).json()
    programs = {each["id"]: each for each in answer["items"]}
    groups = {each["id"]: each for each in answer["groups"]}

    templates = next(each for each in programs["bookkeeping"]["parts"] if each["id"] == "voucher_templates")
    assert (templates["parent"], templates["levels"]) == ("vouchers", ["none", "read", "write"])
    assert (programs["read_only"]["cap"], "payroll" in programs["read_only"]["covers"]) == ("read", True)
    assert {each["retired"] for each in programs.values()} == {False}
    articles = next(each for each in groups["registers"]["parts"] if each["id"] == "articles")
    assert articles["programs"] == ["invoicing", "quotes_and_orders", "stock"]


async def test_a_parameter_that_no_route_knows_is_refused_by_its_name(running: Running) -> None:
    answer = await running.http.get("/v1/clients?Q=x&limit=2&state=active", headers=running.token())

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")
    assert [(each["pointer"], each["in"]) for each in answer.json()["errors"]] == [("/Q", "query"), ("/state", "query")]


async def test_the_document_of_the_routes_can_be_made(running: Running) -> None:
    paths = (await running.http.get("/openapi.json")).json()["paths"]
    assert {"/v1/clients", "/v1/clients/{client_id}", "/v1/agencies/{agency}", "/v1/programs"} <= set(paths)
