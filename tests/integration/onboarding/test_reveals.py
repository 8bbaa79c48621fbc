"""A number shown whole: to administrators of the agency alone, with a reason, on record, not one after the other."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from services.onboarding.domain.revealing import MOST_TRIES
from tests.integration.onboarding.running import Running
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import content, sole_trader

WHY = {"reason": "customer_due_diligence"}
ADMIN: dict[str, Any] = {"sub": "anna", "roles": ["agency_admin"]}


@pytest.fixture
async def client_id(running: Running) -> str:
    await running.register_agency()
    answer = await running.create(content(details__identity=sole_trader()))
    return str(answer.json()["client_id"])


async def reveal(running: Running, client_id: str, body: Any = WHY, **claims: Any) -> httpx.Response:
    headers = running.token(**(ADMIN | claims))
    return await running.http.post(f"/v1/clients/{client_id}/identity/reveal", json=body, headers=headers)


async def on_record(running: Running) -> list[tuple[str, str | None, str | None]]:
    rows = await running.rows("select by_sub, reason, refused from identity_reveals order by id")
    return [(row["by_sub"], row["reason"], row["refused"]) for row in rows]


async def test_an_administrator_sees_the_number_whole_and_it_is_on_record(running: Running, client_id: str) -> None:
    answer = await reveal(running, client_id)
    assert answer.status_code == 200
    assert answer.json() == {"client_id": client_id, "kind": "sole_trader", "number": "198112189876"}
    assert answer.headers["cache-control"] == "no-store"
    assert await on_record(running) == [("anna", "customer_due_diligence", None)]
    shown = await running.http.get(f"/v1/clients/{client_id}/identity/reveals", headers=running.token(**ADMIN))
    (item,) = shown.json()["items"]
    assert (item["by"], item["reason"]) == ({"agency": "byra-ett", "sub": "anna"}, "customer_due_diligence")
    assert not tells_number(shown.text)


@pytest.mark.parametrize(
    ("claims", "body", "status", "code"),
    [
        ({"roles": ["client_manager"]}, WHY, 403, "agency_admin_required"),
        ({"roles": ["operator"], "agency": "drift"}, WHY, 403, "agency_admin_required"),
        ({"client": "c-1"}, WHY, 403, "agency_admin_required"),
        ({"agency": "byra-tva"}, WHY, 404, "not_found"),
        ({}, {}, 422, "reason_required"),
        ({}, {"reason": None}, 422, "reason_required"),
        ({}, {"reason": "nyfiken"}, 422, "invalid_choice"),
        ({}, {"reason": ["other"]}, 422, "invalid_choice"),
    ],
)
async def test_a_try_that_is_refused_shows_nothing_and_is_on_record_too(
    running: Running, client_id: str, claims: dict[str, Any], body: Any, status: int, code: str
) -> None:
    answer = await reveal(running, client_id, body, **claims)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not tells_number(answer.text)
    assert await on_record(running) == [("anna", None, code)]


async def test_a_reason_in_free_text_is_not_kept(running: Running, client_id: str) -> None:
    await reveal(running, client_id, {"reason": "Kalle 811218-9876 ringde"})
    assert "Kalle" not in str(await running.rows("select * from identity_reveals"))


async def test_after_so_many_tries_in_an_hour_the_next_must_wait_and_says_how_long(
    running: Running, client_id: str
) -> None:
    now = running.context.database.clock()
    running.context.database.clock = lambda: now
    answers = await asyncio.gather(*(reveal(running, client_id) for _ in range(MOST_TRIES + 5)))
    assert sorted(each.status_code for each in answers) == [200] * MOST_TRIES + [429] * 5
    (refused, *_) = [each for each in answers if each.status_code == 429]
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("reveal_limit", "3600")
    assert len(await on_record(running)) == MOST_TRIES + 1  # the first that was too many, and not the flood
    assert (await reveal(running, client_id, sub="eva")).status_code == 200
    running.context.database.clock = lambda: now + timedelta(hours=1, seconds=1)
    assert (await reveal(running, client_id)).status_code == 200


async def test_tries_without_the_right_count_too(running: Running, client_id: str) -> None:
    for _ in range(MOST_TRIES):
        await reveal(running, client_id, roles=["client_manager"])
    assert (await reveal(running, client_id, roles=["client_manager"])).json()["code"] == "reveal_limit"
    for _ in range(MOST_TRIES + 3):
        assert (await reveal(running, client_id, sub="mallory", agency="byra-tva")).status_code == 404
    assert len(await on_record(running)) == MOST_TRIES + 1 + MOST_TRIES


@pytest.mark.parametrize("change", ["update identity_reveals set by_sub = 'x'", "delete from identity_reveals"])
async def test_the_record_is_only_added_to(running: Running, client_id: str, change: str) -> None:
    await reveal(running, client_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await running.context.database.execute(change)
    assert len(await on_record(running)) == 1


async def test_only_the_agencys_administrators_read_the_record(running: Running, client_id: str) -> None:
    path = f"/v1/clients/{client_id}/identity/reveals"
    for claims, status in (({"roles": ["client_manager"]}, 403), (ADMIN | {"agency": "byra-tva"}, 404)):
        assert (await running.http.get(path, headers=running.token(**claims))).status_code == status


async def test_an_organisations_number_is_public_and_shown_all_the_same(running: Running, client_id: str) -> None:
    organisation = (await running.create(content())).json()["client_id"]
    assert organisation != client_id
    assert (await reveal(running, organisation)).json()["number"] == "5560360793"
