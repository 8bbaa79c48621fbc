"""The three-step guide over HTTP: kept with its mistakes, never overwritten unseen, submitted once, gone in time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from services.onboarding import drafting
from services.onboarding.drafting import Viewer
from services.onboarding.store import drafts
from tests.integration.onboarding.guide import Guide
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import association, content, organisation, sole_trader

ADMIN: dict[str, Any] = {"sub": "anna", "roles": ["agency_admin"]}


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    """Two agencies."""
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)


async def test_the_guide_whole(running: Running) -> None:
    guide = await Guide.begun(running)
    assert [each["state"] for each in guide.draft["steps"]] == ["empty"] * 3
    await guide.put(1, {"program_access": True})
    assert guide.told() == [("/access/invoice_recipient", "required"), ("/access/invoice_interval", "required")]
    whole = content(external_ref="A-1")
    await guide.put(1, whole["access"], external_ref="A-1")
    await guide.put(3, whole["licences"])
    await guide.put(2, whole["details"])
    assert [each["state"] for each in guide.draft["steps"]] == ["complete"] * 3
    assert (guide.told(), guide.told("warnings")) == ([], [])
    answer = await guide.submit()
    assert answer.status_code == 201, answer.text
    (created,) = await running.said("client-events")
    assert created["data"]["client_id"] == answer.json()["client_id"]
    assert (created["data"]["origin"], created["data"]["external_ref"]) == ("wizard", "A-1")
    assert created["data"]["created_by"] == {"sub": "karin", "name": "Karin"}
    left = (await guide.read()).json()
    assert (left["status"], left["client_id"], left["details"]) == ("submitted", answer.json()["client_id"], None)


async def test_a_draft_survives_with_all_its_mistakes(running: Running) -> None:
    guide = await Guide.begun(running, {"details": {"name": "", "address": {"street": 7}}})
    again = (await guide.read()).json()
    assert again == guide.draft
    assert again["details"] == {"name": "", "address": {"street": 7}}
    assert ("/details/name", "required") in guide.told()
    assert all(each["detail_sv"] and each["detail_en"] for each in again["errors"])


async def test_submitting_validates_all_again_and_says_what_the_api_says(running: Running) -> None:
    sent = content(details__name="", licences__counts={})
    guide = await (await Guide.begun(running)).fill(sent)
    refused, by_api = await guide.submit(), await running.create(sent)
    assert refused.status_code == by_api.status_code == 422
    assert refused.json() == by_api.json()
    assert (await guide.read()).json()["status"] == "draft"
    await guide.put(2, content()["details"])
    await guide.put(3, content()["licences"])
    assert (await guide.submit()).status_code == 201


async def test_an_empty_draft_is_not_submitted(running: Running) -> None:
    answer = await (await Guide.begun(running)).submit()
    assert answer.json()["code"] == "required"
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/access", "/details", "/licences"]


async def test_submitting_twice_answers_the_same_client(running: Running) -> None:
    guide = await (await Guide.begun(running)).fill(content())
    await asyncio.gather(*(guide.read() for _ in range(5)))  # so that each has a connection, and none waits for one
    answers = await asyncio.gather(*(guide.submit() for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [200, 200, 200, 200, 201]
    assert len({each.json()["client_id"] for each in answers}) == 1
    assert len(await running.said("client-events")) == 1


async def test_a_draft_of_a_client_that_came_in_another_way_is_refused_and_kept(running: Running) -> None:
    guide = await (await Guide.begun(running)).fill(content())
    created = (await running.create(content())).json()
    answer = await guide.submit()
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_client")
    assert answer.json()["client_id"] == created["client_id"]
    assert (await guide.read()).json()["status"] == "draft"


async def test_two_tabs_do_not_overwrite_each_other(running: Running) -> None:
    guide = await Guide.begun(running)
    other = guide.tab()
    await guide.put(2, {"name": "Första AB"})
    answer = await other.put(2, {"name": "Andra AB"})
    assert answer.status_code == 412, answer.text
    assert answer.json()["code"] == "stale_version"
    assert answer.json()["draft"]["details"] == {"name": "Första AB"}
    other.draft = answer.json()["draft"]
    assert (await other.put(2, {"name": "Andra AB"})).headers["etag"] == '"3"'


async def test_of_two_puts_at_once_one_is_stored(running: Running) -> None:
    guide = await Guide.begun(running)
    await asyncio.gather(*(guide.read() for _ in range(8)))  # so that each has a connection, and none waits for one
    answers = await asyncio.gather(*(guide.tab().put(2, {"name": f"Nr {n}"}) for n in range(8)))
    assert sorted(each.status_code for each in answers) == [200] + [412] * 7
    assert (await guide.read()).json()["version"] == 2


async def test_a_put_must_say_what_it_has_seen(running: Running) -> None:
    guide = await Guide.begun(running)
    for step, status, code in ((1, 428, "if_match_required"), (4, 422, "invalid_content")):
        answer = await running.http.put(f"{guide.path}/steps/{step}", json={"access": {}}, headers=guide.headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_the_creator_and_the_agencys_administrators_see_a_draft(running: Running) -> None:
    guide = await Guide.begun(running)
    for claims, status in (
        ({}, 200),
        (ADMIN, 200),
        ({"sub": "erik"}, 404),
        (ADMIN | {"agency": "byra-tva"}, 404),
        ({"roles": ["operator"]}, 403),
        ({"client": "c-1"}, 403),
    ):
        headers = running.token(**claims)
        assert (await running.http.get(guide.path, headers=headers)).status_code == status
        put = await running.http.put(
            f"{guide.path}/steps/1", json={"access": {}}, headers=headers | {"If-Match": '"0"'}
        )
        assert put.status_code == (412 if status == 200 else status)
        if status != 200:
            for method, path in (("POST", f"{guide.path}/submit"), ("DELETE", guide.path)):
                assert (await running.http.request(method, path, headers=headers)).status_code == status


async def test_ones_own_drafts_are_listed_page_by_page(running: Running) -> None:
    for number in range(5):
        await Guide.begun(running, {"details": {"name": f"Bolag {number} AB"}})
    await Guide.begun(running, sub="erik")
    names: list[str] = []
    cursor = ""
    while True:
        path = f"/v1/drafts?limit=2{cursor and f'&cursor={cursor}'}"
        page = (await running.http.get(path, headers=running.token())).json()
        names += [each["name"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert names == [f"Bolag {number} AB" for number in (4, 3, 2, 1, 0)]
    sought = (await running.http.get("/v1/drafts?q=bolag 3", headers=running.token())).json()
    assert [each["name"] for each in sought["items"]] == ["Bolag 3 AB"]
    assert (await running.http.get("/v1/drafts?of=agency", headers=running.token())).json()["code"] == (
        "agency_admin_required"
    )
    every = (await running.http.get("/v1/drafts?of=agency", headers=running.token(**ADMIN))).json()["items"]
    assert len(every) == 6


async def test_a_draft_expires_and_takes_what_was_typed_with_it(running: Running) -> None:
    guide = await (await Guide.begun(running)).fill(content(details__identity=sole_trader()))
    later = running.context.database.clock() + timedelta(days=30)
    running.context.database.clock = lambda: later
    for _ in ("before the job", "after it"):
        assert (await guide.read()).json()["status"] == "expired"
        assert (await guide.submit()).json()["code"] == "draft_expired"
        assert (await guide.put(1, {})).json()["code"] == "draft_expired"
        async with running.context.database.unit_of_work() as uow:
            await drafts.expire(uow)
    (row,) = await running.rows("select status, sealed, wrapped_key from drafts")
    assert row == {"status": "expired", "sealed": None, "wrapped_key": None}
    listed = [
        (await running.http.get(f"/v1/drafts?status={each}", headers=guide.headers)).json()["items"]
        for each in ("draft", "expired")
    ]
    assert [len(each) for each in listed] == [0, 1]
    running.context.database.clock = lambda: later + timedelta(days=30)
    async with running.context.database.unit_of_work() as uow:
        assert await drafts.forget_ended(uow) == 1


async def test_a_draft_is_thrown_away(running: Running) -> None:
    guide = await Guide.begun(running)
    assert (await running.http.delete(guide.path, headers=guide.headers)).status_code == 204
    assert (await guide.read()).status_code == 404
    assert await running.rows("select from drafts") == []


@pytest.mark.parametrize("number", ["811218-9876", "811218-987", "556036-0793"])
async def test_a_number_in_a_draft_is_sealed_and_answered_masked(running: Running, number: str) -> None:
    guide = await Guide.begun(running, {"details": {"name": "Eva Ek", "identity": sole_trader(number)}})
    (row,) = await running.rows("select * from drafts")
    text = str(tuple(row.values()))
    assert "811218" not in text
    assert "Eva Ek" not in text
    if number != "556036-0793":
        assert number not in str(guide.draft)
        kept = await guide.put(2, guide.draft["details"] | {"name": "Eva Ekblad"})
        assert kept.json()["details"]["identity"] == guide.draft["details"]["identity"]


async def test_a_number_that_was_masked_on_the_way_is_the_clients(running: Running) -> None:
    guide = await (await Guide.begun(running)).fill(content(details__identity=sole_trader()))
    await guide.put(2, guide.draft["details"] | {"name": "Evas måleri"})
    assert (await guide.submit()).status_code == 201
    again = await running.create(content(details__identity=sole_trader(), details__name="Eva"))
    assert again.json()["code"] == "duplicate_client"


async def test_a_sealed_draft_opens_in_its_own_row_alone(running: Running) -> None:
    first, second = [await Guide.begun(running, {"details": {"name": name}}) for name in ("Ett", "Två")]
    await running.context.database.execute(
        "update drafts d set sealed = o.sealed from drafts o where d.draft_id = $1 and o.draft_id = $2",
        first.draft["draft_id"],
        second.draft["draft_id"],
    )
    async with running.context.database.unit_of_work() as uow:
        with pytest.raises(InvalidTag):
            await drafting.find(uow, Viewer("byra-ett", "karin", agency_admin=False), UUID(first.draft["draft_id"]))
    assert (await second.read()).status_code == 200


async def test_what_a_client_may_be_is_a_warning_while_it_is_a_draft(running: Running) -> None:
    created = (await running.create(content(external_ref="A-1"))).json()
    guide = await Guide.begun(running, content(external_ref="A-1"))
    assert [(each["code"], each["client_id"]) for each in guide.draft["warnings"]] == [
        ("already_onboarded", created["client_id"]),
        ("duplicate_client", created["client_id"]),
    ]
    elsewhere = await Guide.begun(running, content(), agency="byra-tva")
    (warning,) = elsewhere.draft["warnings"]
    assert (warning["code"], warning["client_id"]) == ("client_exists_elsewhere", None)
    assert created["client_id"] not in str(elsewhere.draft)


async def test_an_association_that_perhaps_exists_is_confirmed_at_the_end(running: Running) -> None:
    sent = content(details__identity=association())
    await running.create(sent)
    guide = await (await Guide.begun(running)).fill(sent)
    assert guide.told("warnings") == [("/details/identity/number", "possible_duplicate")]
    assert (await guide.submit()).json()["code"] == "possible_duplicate"
    assert (await guide.submit(confirm_duplicate=True)).status_code == 201


async def test_a_created_client_comes_with_what_should_be_looked_at(running: Running) -> None:
    sent = content(details__identity__number="802000-1239")
    answer = await running.create(sent)
    assert [(each["pointer"], each["code"]) for each in answer.json()["warnings"]] == [
        ("/details/identity/number", "form_mismatch")
    ]
    usual = await running.create(content(details__identity__number=organisation(3)))
    assert usual.json()["warnings"] == []


async def test_the_same_idempotency_key_begins_one_draft(running: Running) -> None:
    headers = running.token() | {"Idempotency-Key": "d-1"}
    body = content(details__identity=sole_trader())
    first, again = [await running.http.post("/v1/drafts", json=body, headers=headers) for _ in range(2)]
    assert (first.json()["draft_id"], again.status_code) == (again.json()["draft_id"], 201)
    kept = str(await running.rows("select * from idempotency_keys"))
    assert "Exempelbolaget" not in kept
    assert "811218" not in kept


async def test_nobody_has_more_than_so_many_open_drafts(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.onboarding.drafting.MOST_OPEN", 2)
    guides = [await Guide.begun(running) for _ in range(2)]
    answer = await running.http.post("/v1/drafts", json={}, headers=guides[0].headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["most"]) == (409, "too_many_drafts", 2)
    await running.http.delete(guides[0].path, headers=guides[0].headers)
    await Guide.begun(running)
    await Guide.begun(running, sub="erik")


@pytest.mark.parametrize("body", [b"[]", b'"x"', b'{"details": {"name": "\\ud800", "n": NaN}}'])
async def test_whatever_is_sent_is_answered(running: Running, body: bytes) -> None:
    headers = running.token() | {"Content-Type": "application/json"}
    answer = await running.http.post("/v1/drafts", content=body, headers=headers)
    assert answer.status_code in {201, 422}
