"""PROMISE: what somebody tried to change and was refused stands on record, by whichever route, and outlives it."""

from typing import Any

import asyncpg
import httpx
import pytest

from services.onboarding.store import refused_tries
from services.onboarding.store.refused_tries import MOST_AN_HOUR
from tests.infrastructure import Infrastructure
from tests.integration.onboarding.running import Running
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import content

ADMIN: dict[str, Any] = {"sub": "anna", "roles": ["agency_admin"]}
OPERATOR: dict[str, Any] = {"sub": "ola", "agency": "drift", "roles": ["operator"]}
RECORD = "/v1/refused-tries"


@pytest.fixture
async def client_id(running: Running) -> str:
    await running.register_agency()
    return str((await running.create(content())).json()["client_id"])


async def ask(running: Running, method: str, path: str, body: Any = None, **claims: Any) -> httpx.Response:
    return await running.http.request(method, path, json=body, headers=running.token(**claims))


async def on_record(running: Running, path: str = RECORD, **claims: Any) -> list[tuple[str, str, str]]:
    answer = await ask(running, "GET", path, **(claims or OPERATOR))
    assert answer.status_code == 200, answer.text
    return [(each["by"]["sub"], each["act"], each["refused"]) for each in answer.json()["items"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "claims", "code"),
    [
        ("POST", "/v1/clients", {}, {"roles": []}, "not_allowed"),
        ("POST", "/v1/clients", {}, {"client": "c-1"}, "not_allowed"),
        ("POST", "/v1/clients", {}, {}, "required"),
        ("PATCH", "/v1/clients/{client_id}", {}, {"roles": []}, "not_allowed"),
        ("PATCH", "/v1/clients/{client_id}", {}, {"agency": "byra-tva"}, "if_match_required"),
        ("POST", "/v1/clients/{client_id}/erase", None, {}, "agency_admin_required"),
        ("POST", "/v1/clients/{client_id}/cancel", {}, {"roles": []}, "not_allowed"),
        ("POST", "/v1/clients/{client_id}/identity/reveal", {"reason": "other"}, {}, "agency_admin_required"),
        ("PUT", "/v1/agencies/{agency}", {}, {}, "agency_admin_required"),
        ("DELETE", "/v1/agencies/{agency}/consultants/{sub}", None, {}, "agency_admin_required"),
        ("PUT", "/v1/sources/{slug}", {}, {}, "operator_required"),
        ("POST", "/v1/vault/rotation", {}, ADMIN, "operator_required"),
    ],
)
async def test_who_tried_what_where_and_why_not(
    running: Running, client_id: str, method: str, path: str, body: Any, claims: dict[str, Any], code: str
) -> None:
    place = path.format(client_id=client_id, agency="byra-ett", sub="erik", slug="bolag")
    answer = await ask(running, method, place, body, **{"sub": "karin", **claims})
    assert answer.json()["code"] == code
    (row,) = await running.rows("select * from refused_tries")
    assert (row["act"], row["refused"]) == (f"{method} {path}", code)
    assert (row["by_agency"], row["by_sub"]) == (claims.get("agency", "byra-ett"), claims.get("sub", "karin"))
    assert str(row["client_id"]) == (client_id if "{client_id}" in path else "None")


async def test_a_client_of_others_that_somebody_tries_at_is_on_record_at_theirs(
    running: Running, client_id: str
) -> None:
    mallory: dict[str, Any] = {"sub": "mallory", "agency": "byra-tva", "roles": ["agency_admin"]}
    tried = f"/v1/clients/{client_id}/erase"
    assert (await ask(running, "POST", tried, **mallory)).status_code == 404
    found = [("mallory", "POST /v1/clients/{client_id}/erase", "not_found")]
    assert await on_record(running, **mallory) == found
    assert await on_record(running, f"{RECORD}?client_id={client_id}") == found
    assert await on_record(running, **ADMIN) == []


async def test_what_is_done_and_what_is_only_read_leaves_nothing(running: Running, client_id: str) -> None:
    assert (await ask(running, "GET", f"/v1/clients/{client_id}", roles=[])).status_code == 403
    assert await on_record(running) == []


async def test_only_administrators_and_operators_read_the_record(running: Running, client_id: str) -> None:
    for claims in ({}, {"client": "c-1", "roles": ["agency_admin", "operator"]}):
        assert (await ask(running, "GET", RECORD, **claims)).json()["code"] == "agency_admin_required"


async def test_nothing_that_was_sent_is_in_the_record(running: Running, client_id: str) -> None:
    person = {"kind": "sole_trader", "number": "811218-9875", "responsible_person": "Kalle Kula"}
    await running.create(content(details__identity=person, details__name="Kulas Kakel"))
    await ask(running, "DELETE", "/v1/agencies/byra-ett/consultants/811218-9876")
    await ask(running, "POST", "/v1/clients", {}, sub="811218-9876")
    record = str(await running.rows("select * from refused_tries"))
    assert "consultants/{sub}" in record
    assert not [each for each in ("811218-9875", "811218-9876") if tells_number(record, each)]
    assert "Kul" not in record


async def test_a_flood_of_one_person_does_not_fill_the_record(running: Running, client_id: str) -> None:
    for _ in range(MOST_AN_HOUR + 5):
        await ask(running, "POST", "/v1/vault/rotation", {}, **ADMIN)
    await ask(running, "POST", "/v1/vault/rotation", {})
    counts = await running.rows("select by_sub, count(*) as tries from refused_tries group by 1 order by 1")
    assert counts == [{"by_sub": "anna", "tries": MOST_AN_HOUR}, {"by_sub": "karin", "tries": 1}]


async def test_a_trace_tells_of_what_was_refused(running: Running, client_id: str) -> None:
    await ask(running, "POST", f"/v1/clients/{client_id}/erase")
    steps = (await ask(running, "GET", f"/v1/operations/trace?client_id={client_id}", **OPERATOR)).json()["steps"]
    assert (steps[-1]["what"], steps[-1]["detail"]["refused"]) == ("onboarding.refused", "agency_admin_required")


@pytest.mark.parametrize("change", ["delete from", "truncate", "update"])
async def test_the_record_is_only_added_to_for_a_year(
    running: Running, client_id: str, infra: Infrastructure, change: str
) -> None:
    await ask(running, "POST", "/v1/vault/rotation", {})
    statement = f"{change} refused_tries" + (" set by_sub = ''" if change == "update" else "")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only added to"):
        await running.owner_does(infra.superuser_dsn, statement)
    assert len(await on_record(running)) == 1


async def test_after_a_year_an_entry_goes(running: Running, client_id: str) -> None:
    now = running.context.database.clock()
    async with running.context.database.unit_of_work() as uow:
        for age in (refused_tries.KEPT, refused_tries.KEPT * 0.99):
            await uow.connection.execute(
                "insert into refused_tries (at, by_agency, by_sub, act, refused, correlation_id)"
                " values ($1, 'byra-ett', 'karin', 'POST /v1/clients', 'not_allowed', 'c')",
                now - age,
            )
        assert await refused_tries.forget_old(uow) == 1
    assert len(await on_record(running)) == 1
