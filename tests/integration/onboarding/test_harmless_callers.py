"""Whoever the issuer names by a personal number does nothing, wherever they ask; nor is one sought for in a URL."""

import re
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from services.onboarding.__main__ import SERVICE
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.spellings import tables_with
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import content

TWELVE = "198112189876"
NAMED: list[dict[str, Any]] = [{"sub": "19811218-9876"}, {"sub": "anna", "name": "811218-9876"}]
DISCLOSED = (422, "personal_number_not_allowed")
OPEN = {"/v1/intake/key"}
HIGHEST: dict[str, Any] = {"roles": ["client_manager", "agency_admin", "operator"]}


def places() -> list[tuple[str, str]]:
    """(method, path) of every route that somebody calls."""
    app = FastAPI()
    for each in SERVICE.routers:
        app.include_router(each)
    return [
        (method.upper(), path) for path, acts in app.openapi()["paths"].items() if path not in OPEN for method in acts
    ]


async def refused(running: Running, method: str, path: str, claims: dict[str, Any]) -> tuple[int, str]:
    headers = running.token(**(HIGHEST | claims)) | {"Idempotency-Key": "k", "If-Match": '"1"'}
    answer = await running.http.request(method, path, headers=headers, json={})
    assert not tells_number(answer.text)
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("claims", NAMED, ids=["sub", "name"])
async def test_whom_a_token_names_by_a_number_is_refused_on_every_route_and_stored_nowhere(
    running: Running, claims: dict[str, Any]
) -> None:
    asked = {
        (method, path): await refused(running, method, re.sub(r"\{\w+\}", str(UUID(int=1)), path), claims)
        for method, path in places()
    }
    assert len(asked) > 40
    assert {place: told for place, told in asked.items() if told != DISCLOSED} == {}
    assert await tables_with(running, [TWELVE]) == {}


async def test_a_consultant_is_not_removed_nor_a_number_revealed_by_whom_a_number_names(running: Running) -> None:
    await running.register_agency()
    admin = {"roles": ["agency_admin"]}
    body = {"name": "Karin Kvist", "email": "karin@byra-ett.se", "locale": "sv", "roles": ["client_manager"]}
    place = "/v1/agencies/byra-ett/consultants/karin"
    await running.http.put(place, json=body, headers=running.token("anna", **admin))
    client = f"/v1/clients/{(await running.create(content())).json()['client_id']}"
    before = len(await running.said())
    for claims in NAMED:
        assert await refused(running, "DELETE", place, admin | claims) == DISCLOSED
        assert await refused(running, "POST", f"{client}/identity/reveal", admin | claims) == DISCLOSED
        assert await refused(running, "POST", f"{client}/erase", admin | claims) == DISCLOSED
    assert len(await running.said()) == before
    assert await tables_with(running, [TWELVE]) == {}


@pytest.mark.parametrize("path", ["/v1/clients", "/v1/drafts", "/v1/agencies"])
async def test_a_number_that_is_sought_is_refused_since_a_url_is_written_down_by_all_that_pass_it_on(
    running: Running, path: str
) -> None:
    headers = running.token(**HIGHEST)
    answer = await running.http.get(path, params={"q": "811218-9876"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == DISCLOSED
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/q"]
    assert (await running.http.get(path, params={"q": "811218-9877"}, headers=headers)).status_code == 200
