"""Who sees which clients: in an agency that says so, a consultant those alone that they have to do with."""

from typing import Any
from uuid import UUID

import pytest

from chassis import projections
from schemas.activation import ActivationReassignedV1, ConsultantsChangedV1
from schemas.activation_snapshot import ActivationSnapshotV1, UserSnapshot
from schemas.users import UserChangedV1, UserRemovedV1
from schemas.values import Person
from services.onboarding.announce import PROJECTIONS
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.test_intake import told
from tests.unit.onboarding.contents import content
from tests.unit.onboarding.test_progress import ACTIVATED, LISTED, SCOPE, TIMES

ANNA = {"roles": ["client_manager", "agency_admin"]}
ERIK: dict[str, Any] = {"user_id": UUID(int=3), "sub": "erik", "name": "Erik", "email": "", "locale": "sv"}
STATE: dict[str, Any] = {
    **TIMES, "status": "activated", "origin": "api", "program_access": True, "counts": {}, "locale": "sv",
    "confirmation_email": "anna@exempelbolaget.se", "consultants": ["siv"], "licences": [], "scheduled": [],
    "users": [UserSnapshot(**ERIK, kind="consultant", state="active", grants=[])], "invitations": [],
    "access_version": 0,
}  # fmt: skip


async def register(running: Running, visibility: str) -> None:
    body = {"name": "Byrå Ett", "locale": "sv", "client_visibility": visibility}
    answer = await running.http.put("/v1/agencies/byra-ett", json=body, headers=running.token("anna", **ANNA))
    assert answer.is_success, answer.text


@pytest.fixture
async def client_id(running: Running) -> str:
    """A client that karin made, in an agency where each sees their own."""
    await register(running, "linked")
    return str((await running.create(content())).json()["client_id"])


async def sees(running: Running, client_id: str, sub: str, **claims: Any) -> bool:
    """In the list and by its id alike."""
    one = await running.http.get(f"/v1/clients/{client_id}", headers=running.token(sub, **claims))
    listed = (await running.http.get("/v1/clients", headers=running.token(sub, **claims))).json()["items"]
    assert (one.status_code == 200) == (client_id in {each["client_id"] for each in listed})
    assert one.status_code in {200, 404}
    return one.status_code == 200


async def test_who_made_it_and_who_runs_the_agency_see_it_and_no_other_does(running: Running, client_id: str) -> None:
    assert await sees(running, client_id, "karin")
    assert await sees(running, client_id, "anna", **ANNA)
    assert await sees(running, client_id, "ola", roles=["operator"])
    assert not await sees(running, client_id, "erik")
    await register(running, "all")
    assert await sees(running, client_id, "erik")


async def test_whoever_is_linked_answers_for_it_or_is_its_user_sees_it_for_as_long(
    running: Running, client_id: str
) -> None:
    async def hears(data: Any, version: int, **changes: Any) -> bool:
        await running.hear(told(data, client_id, version, **changes))
        return await sees(running, client_id, "erik")

    nobody, erik = ConsultantsChangedV1(**SCOPE, consultants=[]), ConsultantsChangedV1(**SCOPE, consultants=["erik"])
    responsible = ActivationReassignedV1(**SCOPE, responsible_consultant="erik", by=Person(sub="karin", name="Karin"))
    assert not await hears(LISTED, 1)
    assert await hears(erik, 2)
    assert not await hears(nobody, 3)
    assert await hears(responsible, 4)
    assert not await hears(responsible.model_copy(update={"responsible_consultant": "karin"}), 5)
    assert await hears(ACTIVATED, 6, activated_by=Person(sub="erik", name="Erik"), became_system_administrator=True)
    assert not await hears(UserRemovedV1(**SCOPE, **ERIK, state="removed"), 7)
    assert await hears(UserChangedV1(**SCOPE, **ERIK, state="active"), 8)
    assert not await hears(UserChangedV1(**SCOPE, **ERIK, state="disabled"), 9)


async def test_a_snapshot_says_it_whole(running: Running, client_id: str) -> None:
    await running.hear(told(ActivationSnapshotV1(**SCOPE, **STATE), client_id, 3))
    assert [await sees(running, client_id, sub) for sub in ("erik", "siv", "olle")] == [True, True, False]

    later = ActivationSnapshotV1(**SCOPE, **{**STATE, "consultants": ["olle"], "users": []})
    await running.hear(told(later, client_id, 4))
    assert [await sees(running, client_id, sub) for sub in ("erik", "siv", "olle")] == [False, False, True]


async def test_what_was_forgotten_is_announced_at_the_version_that_was_seen(running: Running, client_id: str) -> None:
    (kept,) = PROJECTIONS
    await running.hear(told(LISTED, client_id, 1))
    await running.hear(told(ConsultantsChangedV1(**SCOPE, consultants=["siv"]), client_id, 2))
    async with running.context.database.unit_of_work() as uow:
        assert await projections.clear(uow, kept) == 1
    assert not await sees(running, client_id, "siv")

    await running.hear(told(ActivationSnapshotV1(**SCOPE, **STATE), client_id, 2))

    assert await sees(running, client_id, "siv")


async def test_no_route_of_a_client_is_open_to_whoever_does_not_see_it(running: Running, client_id: str) -> None:
    paths = (await running.http.get("/openapi.json")).json()["paths"]
    routes = [(method, path) for path, found in paths.items() if "{client_id}" in path for method in found]
    assert len(routes) > 8

    told_of = {}
    for method, path in routes:
        place = path.replace("{client_id}", client_id).replace("{request_id}", str(UUID(int=1)))
        headers = running.token("erik") | {"If-Match": '"1"', "Idempotency-Key": "k-1"}
        answer = await running.http.request(method, place, json={}, headers=headers)
        told_of[method, path] = answer.json()["code"]

    assert {route: code for route, code in told_of.items() if code != "not_found"} == {}
