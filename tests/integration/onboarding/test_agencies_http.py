"""The agency directory over HTTP: who may write, and what is said."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.integration.onboarding.running import Running

KARIN: dict[str, Any] = {
    "name": "Karin Kvist",
    "email": "karin@byra-ett.se",
    "locale": "sv",
    "roles": ["client_manager"],
}
ADMIN: dict[str, Any] = {"roles": ["agency_admin"]}


async def put(running: Running, path: str, body: dict[str, Any], **claims: Any) -> httpx.Response:
    return await running.http.put(path, json=body, headers=running.token("anna", **(ADMIN | claims)))


async def test_an_agency_and_its_consultants_are_registered_changed_and_shown(running: Running) -> None:
    assert (await put(running, "/v1/agencies/byra-ett", {"name": "Byrå Ett"})).status_code == 201
    assert (await put(running, "/v1/agencies/byra-ett/consultants/karin", KARIN)).status_code == 201
    assert (await put(running, "/v1/agencies/byra-ett/consultants/karin", KARIN | {"locale": "en"})).status_code == 200
    assert (await put(running, "/v1/agencies/byra-ett", {"name": "Byrå 1"})).status_code == 200
    said = await running.said("agency-events")
    assert [(each["type"].removeprefix("se.aktivera."), each["sequence"]) for each in said] == [
        ("agency.registered.v1", "1"),
        ("consultant.registered.v1", "2"),
        ("consultant.changed.v1", "3"),
        ("agency.changed.v1", "4"),
    ]
    shown = (await running.http.get("/v1/agencies/byra-ett", headers=running.token())).json()
    assert shown == {
        "agency": "byra-ett",
        "name": "Byrå 1",
        "locale": "sv",
        "client_visibility": "all",
        "version": 4,
        "consultants": [{"sub": "karin", **KARIN, "locale": "en", "leaving": None}],
    }


async def test_putting_the_same_again_says_nothing(running: Running) -> None:
    for _ in range(2):
        await put(running, "/v1/agencies/byra-ett", {"name": "Byrå Ett"})
        await put(running, "/v1/agencies/byra-ett/consultants/karin", KARIN)
    assert len(await running.said()) == 2


async def test_simultaneous_puts_take_one_version_each(running: Running) -> None:
    await asyncio.gather(*(put(running, "/v1/agencies/byra-ett", {"name": f"Byrå {n}"}) for n in range(5)))
    said = await running.said("agency-events")
    assert [each["sequence"] for each in said] == [str(n + 1) for n in range(5)]


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"roles": ["agency_admin"]}, 201),
        ({"roles": ["operator"], "agency": "drift"}, 201),
        ({"roles": ["client_manager"]}, 403),
        ({"roles": ["agency_admin"], "agency": "byra-tva"}, 404),
        ({"roles": ["agency_admin"], "client": "c-1"}, 403),
    ],
)
async def test_administrators_and_operators_write_agencies(running: Running, claims: Any, status: int) -> None:
    assert (await put(running, "/v1/agencies/byra-ett", {"name": "Byrå Ett"}, **claims)).status_code == status


async def test_an_agency_that_is_not_there_is_not_found(running: Running) -> None:
    assert (await running.http.get("/v1/agencies/byra-ett", headers=running.token())).status_code == 404
    answer = await put(running, "/v1/agencies/byra-ett/consultants/karin", KARIN)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_agency")


async def test_an_agencys_id_is_a_slug(running: Running) -> None:
    answer = await put(running, "/v1/agencies/Byra", {"name": "Byrå"}, roles=["operator"])
    assert answer.status_code == 422


async def test_a_method_that_a_path_does_not_take_is_told_those_that_it_takes(running: Running) -> None:
    answer = await running.http.request("PATCH", "/v1/agencies/byra-ett", headers=running.token())
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, PUT"
