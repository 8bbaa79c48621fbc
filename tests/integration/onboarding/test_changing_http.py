"""A client changed over HTTP: on the edition that was seen, once, said whole, and followed in lists."""

import asyncio
from typing import Any

import httpx
import pytest

from schemas.activation import ActivationReassignedV1
from schemas.values import Person
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.test_intake import numbered, told
from tests.unit.onboarding.contents import association, content, organisation
from tests.unit.onboarding.test_progress import ACTIVATED, CANCELLED, LISTED, SCOPE


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)
    for sub in ("anna", "erik"):
        answer = await running.http.put(
            f"/v1/agencies/byra-ett/consultants/{sub}",
            json={"name": sub.title(), "email": f"{sub}@byra-ett.se", "roles": ["client_manager"]},
            headers=running.token("anna", roles=["agency_admin"]),
        )
        assert answer.status_code == 201, answer.text


async def made(running: Running, **changes: Any) -> str:
    answer = await running.create(content(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["client_id"])


async def patched(
    running: Running, client_id: str, patch: dict[str, Any], seen: str | None = '"1"', sub: str = "karin", **claims: Any
) -> httpx.Response:
    headers = running.token(sub, **claims) | ({} if seen is None else {"If-Match": seen})
    return await running.http.patch(f"/v1/clients/{client_id}", json=patch, headers=headers)


async def shown(running: Running, client_id: str) -> httpx.Response:
    return await running.http.get(f"/v1/clients/{client_id}", headers=running.token())


async def test_a_client_is_changed_on_the_edition_that_was_seen_and_says_so_once(running: Running) -> None:
    client_id = await made(running, external_ref="A-1")
    read = await shown(running, client_id)
    patch = {"details": {"name": "Nya AB", "address": {"street": "Lillgatan 2"}}, "external_ref": None, "locale": "en"}
    answer = await patched(running, client_id, patch, read.headers["ETag"], sub="erik")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["name"], body["address"]["street"], body["address"]["city"]) == ("Nya AB", "Lillgatan 2", "Växjö")
    assert (body["external_ref"], body["locale"], body["changed_by"]["sub"]) == (None, "en", "erik")
    again = await shown(running, client_id)
    assert again.json() == body
    assert again.headers["ETag"] == answer.headers["ETag"] != read.headers["ETag"]
    created, updated = await running.said("client-events")
    assert (created["sequence"], updated["sequence"], updated["type"]) == ("1", "2", "se.aktivera.client.updated.v1")
    assert (updated["data"]["name"], updated["data"]["changed_by"]) == ("Nya AB", {"sub": "erik", "name": "Erik"})
    assert "Lillgatan" not in str(updated)
    assert "external_ref" not in updated["data"]


async def test_a_change_that_changes_nothing_keeps_version_edition_and_silence(running: Running) -> None:
    client_id = await made(running)
    before = await running.rows("select * from clients")
    answer = await patched(running, client_id, {"details": {"name": "Exempelbolaget  AB"}})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert await running.rows("select * from clients") == before
    assert len(await running.said("client-events")) == 1
    assert await running.rows("select from client_changes") == []


async def test_without_the_edition_nothing_is_changed(running: Running) -> None:
    client_id = await made(running)
    answer = await patched(running, client_id, {"locale": "en"}, seen=None)
    assert (answer.status_code, answer.json()["code"]) == (428, "if_match_required")


@pytest.mark.parametrize(
    ("seen", "status", "code"),
    [
        ("1", 400, "if_match_malformed"),
        ("*", 400, "if_match_malformed"),
        ('"999999999999999999999"', 400, "if_match_malformed"),
        ('"9"', 412, "unknown_version"),
        ('"0"', 412, "unknown_version"),
    ],
)
async def test_what_no_reading_gave_is_not_blamed_on_others(
    running: Running, seen: str, status: int, code: str
) -> None:
    client_id = await made(running)
    answer = await patched(running, client_id, {"locale": "en"}, seen)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert "changes" not in answer.json()


async def test_a_stale_change_is_refused_with_what_the_others_changed(running: Running) -> None:
    client_id = await made(running)
    await patched(running, client_id, {"details": {"name": "Eriks AB"}}, sub="erik")
    answer = await patched(running, client_id, {"details": {"name": "Karins AB"}}, '"1"')
    assert (answer.status_code, answer.json().get("code")) == (412, "stale_version")
    assert answer.json()["edition"] == 2
    (theirs,) = answer.json()["changes"]
    assert theirs["by"] == {"sub": "erik", "name": "Erik"}
    assert theirs["changes"] == [{"pointer": "/details/name", "before": "Exempelbolaget AB", "after": "Eriks AB"}]
    assert (await shown(running, client_id)).json()["name"] == "Eriks AB"


async def test_of_many_changes_on_one_edition_exactly_one_comes_about(running: Running) -> None:
    client_id = await made(running)
    wishes = [patched(running, client_id, {"details": {"name": f"Namn {n} AB"}}, sub=f"k{n}") for n in range(8)]
    answers = await asyncio.gather(*wishes)
    assert sorted(each.status_code for each in answers) == [200] + [412] * 7
    (winner,) = [each.json()["name"] for each in answers if each.status_code == 200]
    assert (await shown(running, client_id)).json()["name"] == winner
    assert [each["sequence"] for each in await running.said("client-events")] == ["1", "2"]


async def test_a_wrong_change_has_the_codes_and_places_of_the_creation(running: Running) -> None:
    client_id = await made(running)
    answer = await patched(running, client_id, {"details": {"name": ""}, "licences": {"confirmation_email": "x"}})
    assert answer.status_code == 422
    assert {(each["pointer"], each["code"]) for each in answer.json()["errors"]} == {
        ("/details/name", "required"),
        ("/licences/confirmation_email", "invalid_email"),
    }


async def test_another_agencys_client_cannot_be_changed_nor_its_history_read(running: Running) -> None:
    client_id = await made(running)
    answer = await patched(running, client_id, {"locale": "en"}, agency="byra-tva")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    history = await running.http.get(f"/v1/clients/{client_id}/changes", headers=running.token(agency="byra-tva"))
    assert (history.status_code, history.json()["code"]) == (404, "not_found")
    answer = await patched(running, client_id, {"locale": "en"}, roles=["operator"])
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_a_cancelled_client_is_not_changed(running: Running) -> None:
    client_id = await made(running)
    await running.hear(told(LISTED, client_id, 1), told(CANCELLED, client_id, 2))
    answer = await patched(running, client_id, {"locale": "en"})
    assert (answer.status_code, answer.json()["code"]) == (409, "client_cancelled")


async def test_two_changes_to_one_reference_at_once_are_decided_by_its_index(running: Running) -> None:
    ids = [await made(running, details__identity__number=organisation(n)) for n in range(4)]
    answers = await asyncio.gather(*(patched(running, each, {"external_ref": "A-1"}) for each in ids))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    (winner,) = [each.json()["client_id"] for each in answers if each.status_code == 200]
    refused = [each.json() for each in answers if each.status_code == 409]
    assert {(each["code"], each["client_id"]) for each in refused} == {("already_onboarded", winner)}


async def test_two_associations_renamed_alike_at_once_are_decided_by_the_index(running: Running) -> None:
    ids = [await made(running, details__name=f"Klubb {n}", details__identity=association()) for n in range(4)]
    answers = await asyncio.gather(*(patched(running, each, {"details": {"name": "Klubben"}}) for each in ids))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"possible_duplicate"}
    loser = next(each for each, answer in zip(ids, answers, strict=True) if answer.status_code == 409)
    confirmed = await patched(running, loser, {"details": {"name": "Klubben"}, "confirm_duplicate": True})
    assert confirmed.status_code == 200, confirmed.text


async def test_the_reference_that_a_source_gave_stays_the_sources(running: Running) -> None:
    await running.ask(numbered(1))
    (row,) = await running.rows("select client_id from clients")
    answer = await patched(running, str(row["client_id"]), {"external_ref": "B-2"})
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/external_ref", "not_changeable")
    ]


async def test_the_consultant_whom_activation_names_is_not_undone_by_another_change(running: Running) -> None:
    client_id = await made(running, responsible_consultant="anna")
    named = ActivationReassignedV1(**SCOPE, responsible_consultant="erik", by=Person(sub="anna", name="Anna"))
    await running.hear(told(LISTED, client_id, 1), told(named, client_id, 2))
    answer = await patched(running, client_id, {"details": {"name": "Nya AB"}})
    assert answer.json()["responsible_consultant"] == "erik"
    updated = (await running.said("client-events"))[-1]["data"]
    assert (updated["responsible_consultant"], updated["changed"]) == ("erik", ["name"])
    stranger = await patched(running, client_id, {"responsible_consultant": "nobody"}, '"2"')
    assert (stranger.status_code, stranger.json()["code"]) == (422, "unknown_consultant")
    await running.hear(told(ACTIVATED, client_id, 3))
    answer = await patched(running, client_id, {"responsible_consultant": "anna"}, '"2"')
    assert (answer.status_code, answer.json()["code"]) == (409, "not_reassignable")


async def test_the_history_tells_who_changed_what_newest_first(running: Running) -> None:
    client_id = await made(running)
    for number in range(1, 4):
        await patched(running, client_id, {"details": {"name": f"Namn {number} AB"}}, f'"{number}"', sub=f"k{number}")
    url = f"/v1/clients/{client_id}/changes"
    first = (await running.http.get(url, params={"limit": 2}, headers=running.token())).json()
    rest = (await running.http.get(url, params={"cursor": first["next"]}, headers=running.token())).json()
    acts = first["items"] + rest["items"]
    assert [(each["edition"], each["by"]["sub"], each["act"]) for each in acts] == [
        (4, "k3", "change"),
        (3, "k2", "change"),
        (2, "k1", "change"),
    ]
    assert acts[0]["changes"] == [{"pointer": "/details/name", "before": "Namn 2 AB", "after": "Namn 3 AB"}]
    assert rest["next"] is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"details": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", b'"x"'])
async def test_a_body_that_is_no_patch_is_refused(running: Running, body: bytes) -> None:
    client_id = await made(running)
    headers = running.token() | {"Content-Type": "application/merge-patch+json", "If-Match": '"1"'}
    answer = await running.http.patch(f"/v1/clients/{client_id}", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text


async def test_a_deep_patch_is_refused_by_place(running: Running) -> None:
    client_id = await made(running)
    deep: Any = "bottom"
    for _ in range(500):
        deep = {"a": deep}
    answer = await patched(running, client_id, {"details": {"name": deep, "address": deep}})
    assert answer.status_code == 422, answer.text
