"""Another number over HTTP: kept in the vault alone, the old one destroyed, one client a number whoever is first."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.onboarding import look_ups, vault
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import association, content, organisation, sole_trader

NUMBERS = ("8112189876", "811218-9876", "1212721219", "121272-1219")


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)


async def made(running: Running, identity: dict[str, Any], name: str = "Klubben") -> str:
    answer = await running.create(content(details__identity=identity, details__name=name))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["client_id"])


async def identified(
    running: Running, client_id: str, identity: Any, seen: str | None = '"1"', **claims: Any
) -> httpx.Response:
    headers = running.token(**claims) | ({} if seen is None else {"If-Match": seen})
    body = {"details": {"identity": identity}}
    return await running.http.post(f"/v1/clients/{client_id}/identity", json=body, headers=headers)


async def revealed(running: Running, client_id: str) -> str | None:
    async with running.context.database.unit_of_work() as uow:
        return await vault.opened().reveal(uow, UUID(client_id))


async def test_an_association_gets_its_number_and_the_persons_is_destroyed(running: Running) -> None:
    client_id = await made(running, association())
    answer = await identified(running, client_id, {"kind": "organisation", "number": "802000-1239"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["identity"] == {
        "kind": "organisation",
        "number": "802000-1239",
        "responsible_person": None,
    }
    assert answer.headers["ETag"] == '"2"'
    assert await running.rows("select * from vault") == []
    assert await running.rows("select from clients where identity_index is not null") == []
    updated = (await running.said("client-events"))[-1]
    assert (updated["sequence"], updated["data"]["identity_kind"]) == ("2", "organisation")
    history = (await running.http.get(f"/v1/clients/{client_id}/changes", headers=running.token())).json()["items"]
    assert {each["pointer"]: (each["before"], each["after"]) for each in history[0]["changes"]} == {
        "/details/identity/kind": ("association_without_orgnr", "organisation"),
        "/details/identity/number": ("811218-••••", "802000-1239"),
        "/details/identity/responsible_person": ("Berit Berg", None),
    }
    assert (await running.create(content(details__identity__number="802000-1239"))).json()["code"] == "duplicate_client"


async def test_a_co_ordination_number_gives_way_to_a_personal_number_and_is_free_again(running: Running) -> None:
    client_id = await made(running, sole_trader("701061-1239"))
    (before,) = await running.rows("select wrapped_key, sealed from vault")
    answer = await identified(running, client_id, sole_trader("811218-9876"))
    assert answer.json()["identity"]["number"] == "811218-••••"
    assert await revealed(running, client_id) == "198112189876"
    (after,) = await running.rows("select wrapped_key, sealed from vault")
    assert before["wrapped_key"] != after["wrapped_key"]
    await made(running, sole_trader("701061-1239"))
    assert (await running.create(content(details__identity=sole_trader()))).json()["code"] == "duplicate_client"


async def test_no_number_is_anywhere_but_in_the_vault(running: Running) -> None:
    client_id = await made(running, association("121272-1219"))
    answer = await identified(running, client_id, association("811218-9876") | {"responsible_person": "Stina Ek"})
    assert answer.json()["identity"]["responsible_person"] == "Stina Ek"
    refused = await identified(running, client_id, sole_trader("121272-1219"), '"2"')
    assert (refused.status_code, refused.json()["code"]) == (409, "identity_kind_fixed")
    texts = [answer.text, refused.text]
    for table in ("clients", "client_changes", "outbox", "idempotency_keys"):
        texts += [str(tuple(row.values())) for row in await running.rows(f"select * from {table}")]
    assert not [number for number in NUMBERS for text in texts if number in text]


async def test_of_many_who_take_one_number_at_once_exactly_one_gets_it(running: Running) -> None:
    ids = [await made(running, association(), f"Klubb {n}") for n in range(5)]
    wanted = {"kind": "organisation", "number": "802000-1239"}
    answers = await asyncio.gather(
        *(identified(running, each, wanted) for each in ids),
        running.create(content(details__identity__number="802000-1239"), agency="byra-tva"),
    )
    statuses = [each.status_code for each in answers]
    assert len([status for status in statuses if status < 300]) == 1, statuses
    assert [status for status in statuses if status >= 300] == [409] * 5
    codes = {each.json()["code"] for each in answers if each.status_code == 409}
    assert codes <= {"duplicate_client", "client_exists_elsewhere"}
    assert len(await running.rows("select from clients where org_number = '168020001239'")) == 1


async def test_two_changes_on_one_edition_leave_one_number_in_the_vault(running: Running) -> None:
    client_id = await made(running, sole_trader("701061-1239"))
    answers = await asyncio.gather(
        *(identified(running, client_id, sole_trader(each)) for each in ("811218-9876", "121272-1219"))
    )
    assert sorted(each.status_code for each in answers) == [200, 412]
    assert len(await running.rows("select from vault")) == 1


async def test_an_identity_is_changed_on_the_edition_that_was_seen(running: Running) -> None:
    client_id = await made(running, {"kind": "organisation", "number": organisation(1)})
    wanted = {"kind": "organisation", "number": organisation(2)}
    assert (await identified(running, client_id, wanted, None)).json()["code"] == "if_match_required"
    never = await identified(running, client_id, wanted, '"7"')
    assert (never.status_code, never.json()["code"]) == (412, "unknown_version")
    assert (await identified(running, client_id, wanted, agency="byra-tva")).status_code == 404
    assert (await identified(running, client_id, wanted, roles=["operator"])).status_code == 403
    assert (await identified(running, client_id, wanted)).status_code == 200
    free = await running.create(content(details__identity__number=organisation(1)))
    assert free.status_code == 201


async def test_whoever_tries_out_numbers_by_one_client_gets_no_further_than_by_creating(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_ups, "MOST_TOLD", 2)
    now = running.context.database.clock()
    running.context.database.clock = lambda: now  # look-ups count by the hour, which may end meanwhile
    client_id = await made(running, {"kind": "organisation", "number": organisation(1)})
    await running.create(content(details__identity__number=organisation(3)), agency="byra-tva")
    numbers = [{"kind": "organisation", "number": organisation(number)} for number in (2, 3, 4)]
    seen = ('"1"', '"2"', '"2"')
    free, taken, third = [await identified(running, client_id, *each) for each in zip(numbers, seen, strict=True)]
    assert free.status_code == 200
    assert (taken.status_code, taken.json()["code"]) == (409, "client_exists_elsewhere")
    assert (third.status_code, third.json().get("code")) == (429, "rate_limited")
    assert (await identified(running, client_id, numbers[0], '"2"')).status_code == 200
