"""The agency directory over HTTP: read, guarded by versions, and consultants removed once activation lets them go."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1
from tests.integration.onboarding.census import fresh, number_of
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.test_agencies_http import KARIN, put
from tests.integration.onboarding.test_intake import told

ADMIN: dict[str, Any] = {"roles": ["agency_admin"]}
PLACE = "/v1/agencies/byra-ett/consultants/karin"


async def registered(running: Running) -> None:
    await put(running, "/v1/agencies/byra-ett", {"name": "Byrå Ett"})
    await put(running, PLACE, KARIN)


async def remove(running: Running, path: str = PLACE, **claims: Any) -> httpx.Response:
    return await running.http.delete(path, headers=running.token("anna", **(ADMIN | claims)))


async def get(running: Running, path: str, **claims: Any) -> httpx.Response:
    return await running.http.get(path, headers=running.token("anna", **(ADMIN | claims)))


async def answered(running: Running, model: Any, request_id: str, version: int, **more: Any) -> None:
    """Activation answers a wish."""
    data = model.model_validate({"agency": "byra-ett", "sub": "karin", "request_id": request_id, "clients": [], **more})
    event = told(data, "byra-ett", version)
    assert (await running.hear(event)).holds == []


async def test_a_consultant_is_gone_only_after_activation_has_released_them(running: Running) -> None:
    await registered(running)
    asked = await remove(running)
    assert (asked.status_code, asked.json()["state"]) == (202, "pending")
    assert (await get(running, PLACE)).json()["leaving"] == asked.json()["request_id"]
    await answered(running, ConsultantReleasedV1, asked.json()["request_id"], 1)
    assert (await get(running, asked.headers["Location"])).json()["state"] == "removed"
    assert (await get(running, PLACE)).json().get("code") == "unknown_consultant"
    said = [each["type"].removeprefix("se.aktivera.") for each in await running.said("agency-events")]
    assert said[-2:] == ["consultant.removal_requested.v1", "consultant.removed.v1"]


async def test_a_removal_is_refused_with_the_clients_in_the_way_and_can_be_asked_for_again(running: Running) -> None:
    await registered(running)
    asked = await remove(running)
    again = await remove(running)
    assert (again.status_code, again.json()["code"]) == (409, "request_pending")
    assert again.json()["request_id"] == asked.json()["request_id"]
    given = await put(running, PLACE, KARIN | {"roles": ["client_manager", "agency_admin"]})
    assert (given.status_code, given.json()["code"]) == (409, "request_pending")

    client = str(uuid4())
    code = "last_system_administrator"
    await answered(running, ConsultantReleaseRefusedV1, asked.json()["request_id"], 1, clients=[client], code=code)
    shown = (await get(running, asked.headers["Location"])).json()
    assert (shown["state"], shown["code"], shown["clients"]) == ("refused", "consultant_has_clients", [client])
    assert shown["detail_sv"]

    second = await remove(running)
    assert second.status_code == 202
    assert second.json()["request_id"] != asked.json()["request_id"]
    await answered(running, ConsultantReleasedV1, second.json()["request_id"], 2, clients=[client])
    assert (await get(running, second.headers["Location"])).json()["clients"] == [client]
    assert (await put(running, PLACE, KARIN)).status_code == 201  # and may come back


async def test_an_answer_heard_twice_is_one_removal(running: Running) -> None:
    await registered(running)
    asked = await remove(running)
    for _ in range(2):
        await answered(running, ConsultantReleasedV1, asked.json()["request_id"], 1)
    said = [each["type"] for each in await running.said("agency-events")]
    assert said.count("se.aktivera.consultant.removed.v1") == 1


@pytest.mark.parametrize(
    ("path", "claims", "status", "code"),
    [
        (PLACE, {"roles": ["client_manager"]}, 403, "agency_admin_required"),
        (PLACE, {"client": "c-1"}, 403, "agency_admin_required"),
        (PLACE, {"agency": "byra-tva"}, 404, "not_found"),
        ("/v1/agencies/byra-ett/consultants/ingen", {}, 422, "unknown_consultant"),
        ("/v1/agencies/byra-noll/consultants/karin", {"roles": ["operator"]}, 404, "unknown_agency"),
    ],
)
async def test_who_may_have_whom_removed(running: Running, path: str, claims: Any, status: int, code: str) -> None:
    await registered(running)
    answer = await remove(running, path, **claims)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_wish_is_shown_to_its_agency_alone(running: Running) -> None:
    await registered(running)
    place = (await remove(running)).headers["Location"]
    assert (await get(running, place, agency="byra-tva")).status_code == 404
    assert (await get(running, place.replace("karin", "erik"))).status_code == 404
    assert (await get(running, place, roles=["operator"], agency="drift")).status_code == 200


async def test_a_put_with_if_match_is_done_only_on_what_was_seen(running: Running) -> None:
    await registered(running)
    seen = (await get(running, "/v1/agencies/byra-ett")).headers["ETag"]
    headers = running.token("anna", roles=["agency_admin"]) | {"If-Match": seen}
    first = await running.http.put("/v1/agencies/byra-ett", json={"name": "Byrå 1"}, headers=headers)
    assert (first.status_code, first.headers["ETag"]) == (200, '"3"')
    late = await running.http.put(PLACE, json=KARIN | {"locale": "en"}, headers=headers)
    assert (late.status_code, late.json()["code"]) == (412, "stale_version")
    assert (await put(running, PLACE, KARIN | {"locale": "en"})).status_code == 200  # and without, as it is sent


@pytest.mark.parametrize(("seen", "code"), [("*", "if_match_malformed"), ('"9"', "unknown_version")])
async def test_a_put_on_what_never_was_is_told_so(running: Running, seen: str, code: str) -> None:
    await registered(running)
    headers = running.token("anna", roles=["agency_admin"]) | {"If-Match": seen}
    answer = await running.http.put("/v1/agencies/byra-ett", json={"name": "Byrå 1"}, headers=headers)
    assert answer.json()["code"] == code


async def test_the_directory_is_listed_in_pages_for_operators_and_to_each_agency_its_own(running: Running) -> None:
    for agency in ("byra-ett", "byra-tre", "byra-tva"):
        await put(running, f"/v1/agencies/{agency}", {"name": agency.title()}, roles=["operator"])
    await put(running, PLACE, KARIN)
    operator = {"roles": ["operator"], "agency": "drift"}
    first = (await get(running, "/v1/agencies?limit=2", **operator)).json()
    assert [(each["agency"], each["consultants"]) for each in first["items"]] == [("byra-ett", 1), ("byra-tre", 0)]
    second = (await get(running, f"/v1/agencies?limit=2&cursor={first['next']}", **operator)).json()
    assert ([each["agency"] for each in second["items"]], second["next"]) == (["byra-tva"], None)
    found = (await get(running, "/v1/agencies?q=TRE", **operator)).json()
    assert [each["agency"] for each in found["items"]] == ["byra-tre"]
    own = (await get(running, "/v1/agencies", agency="byra-tva")).json()
    assert [each["agency"] for each in own["items"]] == ["byra-tva"]
    consultants = (await get(running, "/v1/agencies/byra-ett/consultants")).json()["items"]
    assert [each["sub"] for each in consultants] == ["karin"]


async def test_who_answers_for_a_new_client_is_a_consultant_who_stays(running: Running) -> None:
    await registered(running)
    for sub, status in (("karin", 201), ("erik", 422)):
        answer = await running.create(number_of(fresh()) | {"responsible_consultant": sub})
        assert answer.status_code == status, answer.text
    await remove(running)
    refused = (await running.create(number_of(fresh()) | {"responsible_consultant": "karin"})).json()
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("unknown_consultant", "/responsible_consultant")
