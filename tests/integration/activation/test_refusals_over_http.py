"""What a request can be wrong in before any rule is asked, and the codes that say so."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from services.activation.web.act_names import MEANINGS
from tests.integration.activation.managing import Managed, code_of
from tests.integration.activation.running import Running

Case = Callable[[Managed], Awaitable[httpx.Response]]


def sends(method: str, path: str, **options: Any) -> Case:
    return lambda client: client.request(method, path, **options)


def order(counts: Any) -> Case:
    return sends("POST", "/licences/orders", json={"counts": counts})


def reduction(**changes: Any) -> Case:
    return sends(
        "POST", "/licences/reductions", json={"program": "bookkeeping", "count": 1, "reason": "ended"} | changes
    )


def invitation(**changes: Any) -> Case:
    return sends("POST", "/users", json={"name": "Olle", "email": "olle@exempelbolaget.se"} | changes)


async def reused_key(client: Managed) -> httpx.Response:
    first: dict[str, Any] = {"json": {"counts": {"payroll": 1}}, "headers": {"Idempotency-Key": "k-1"}}
    assert (await client.request("POST", "/licences/orders", **first)).status_code == 200
    other: dict[str, Any] = {"json": {"counts": {"payroll": 2}}, "headers": {"Idempotency-Key": "k-1"}}
    return await client.request("POST", "/licences/orders", **other)


async def busy_key(client: Managed) -> httpx.Response:
    place = f"byra-ett/karin/POST /v1/clients/{client.client_id}/licences/orders\x1fk-2"
    async with client.running.context.database.unit_of_work() as uow:
        await uow.connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 7))", place)
        body: dict[str, Any] = {"json": {"counts": {"payroll": 1}}, "headers": {"Idempotency-Key": "k-2"}}
        return await client.request("POST", "/licences/orders", **body)


async def without_database(client: Managed) -> httpx.Response:
    await client.running.context.database.pool.close()
    return await client.request("GET", "/access")


UNKNOWN_ACT = sends("GET", "/history?act=foo")


OVER_HTTP: dict[str, Case] = {
    "if_match_malformed": sends("PATCH", "/access", json={"changes": []}, headers={"If-Match": 'W/"0"'}),
    "if_match_required": sends("PATCH", "/access", json={"changes": []}),
    "invalid_content": sends("PATCH", "/access", json={"changes": [], "more": 1}, headers={"If-Match": '"0"'}),
    "required": sends("POST", "/users", json={"name": "Olle"}),
    "invalid_choice": reduction(reason="tired"),
    "invalid_email": invitation(email="nobody"),
    "invalid_count": order({"bookkeeping": -1}),
    "invalid_value": sends("GET", "/history?user_id=abc"),
    "invalid_date": reduction(effective_at="tomorrow"),
    "name_too_long": invitation(name="x" * 201),
    "value_too_long": invitation(email="x" * 2001),
    "too_many_items": sends("POST", "/v1/activations/hide", json={"client_ids": [str(n) for n in range(1001)]}),
    "invalid_cursor": sends("GET", "/history?cursor=abc"),
    "unknown_parameter": sends("GET", "/users?name=olle"),
    "malformed_json": sends("POST", "/users", content="{", headers={"Content-Type": "application/json"}),
    "invalid_idempotency_key": sends(
        "POST", "/licences/orders", json={"counts": {"payroll": 1}}, headers={"Idempotency-Key": "x" * 256}
    ),
    "not_allowed": sends("GET", "/v1/activations", claims={"roles": []}),
    "idempotency_key_in_use": busy_key,
    "idempotency_key_reused": reused_key,
    "service_unavailable": without_database,
}


async def test_an_act_that_there_is_not_is_refused_and_every_one_that_there_is_can_be_asked_for(
    running: Running,
) -> None:
    client = await Managed.of(running)

    refused = await UNKNOWN_ACT(client)

    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["code"]) == (422, "invalid_choice")
    assert all(act in error["detail_en"] for act in MEANINGS)
    for act in MEANINGS:
        assert (await client.request("GET", f"/history?act={act}")).status_code == 200
    assert [each["act"] for each in (await client.get("/history?act=activate"))["items"]] == ["activate"] * 2


@pytest.mark.parametrize("code", OVER_HTTP)
async def test_a_wrong_request_is_told_what_is_wrong_with_it(code: str, running: Running) -> None:
    answer = await OVER_HTTP[code](await Managed.of(running))

    found = {code_of(answer), *(each["code"] for each in answer.json()["errors"])}
    assert code in found
    assert answer.json()["detail_sv"]
    assert answer.json()["detail_en"]
