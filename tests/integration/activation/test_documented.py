"""The document of the routes is the reference: every route of activation has been seen to answer as it says."""

from typing import Any
from uuid import UUID

import pytest
from httpx import Request, Response

from schemas.agency import ConsultantRegisteredV1
from tests.integration.activation.conftest import DOCUMENT
from tests.integration.activation.managing import Managed, licence, permission, role
from tests.integration.activation.running import Running
from tests.integration.documented import Documented
from tests.unit.activation.events import envelope
from tests.unit.activation.test_activation_agency import consultant

ANNA = {"roles": ["client_manager", "agency_admin"]}


async def done(client: Managed, method: str, path: str, sub: str = "karin", **options: Any) -> Any:
    answer = await client.request(method, path, sub, **options)
    assert answer.is_success, answer.text
    return answer.json() if answer.headers.get("Content-Type") == "application/json" else None


async def test_every_route_answers_as_its_document_says(running: Running) -> None:
    documented = Documented(DOCUMENT)
    running.http.event_hooks["response"].append(documented.check)
    for version, sub in enumerate(("karin", "erik"), 1):
        data = ConsultantRegisteredV1.model_validate({"agency": "byra-ett", **consultant(sub)})
        await running.hear(envelope(data, version=version))
    client = await Managed.of(running)

    await the_list(client)
    olle = await the_users(client)
    await the_matrix(client, olle)
    await the_licences(client)
    await the_agency(client, olle)
    await the_operators(running)

    own = {each for each in documented.operations if not each[1].startswith("/v1/operations")}  # those are the chassis'
    assert sorted(own - documented.seen) == []


async def the_list(client: Managed) -> None:
    waiting = await Managed.of(client.running, activated_by=None)
    ids = {"client_ids": [str(waiting.client_id)]}
    await done(waiting, "GET", "/v1/activations?status=all")
    await done(waiting, "GET", f"/v1/activations/{waiting.client_id}")
    await done(waiting, "POST", "/v1/activations/hide", json=ids)
    await done(waiting, "POST", "/v1/activations/unhide", json=ids)
    await done(waiting, "PUT", f"/v1/activations/{waiting.client_id}/kyc")


async def the_users(client: Managed) -> str:
    olle = await client.user("olle", licence("bookkeeping"))
    waits = (await client.invite("eva")).json()["user_id"]
    await done(client, "GET", "/users")
    await done(client, "PATCH", f"/users/{olle}", json={"name": "Olle Ek"})
    await done(client, "POST", f"/users/{waits}/invitation")
    await done(client, "DELETE", f"/users/{waits}/invitation")
    await done(client, "DELETE", f"/users/{await client.user('per')}")
    return olle


async def the_matrix(client: Managed, olle: str) -> None:
    changes = [permission("bookkeeping", "vouchers", "write", olle, until="2099-01-01T00:00:00Z")]
    seen = {"If-Match": (await client.request("GET", "/access")).headers["ETag"]}
    await done(client, "PATCH", "/access?dry_run=true", json={"changes": changes}, headers=seen)
    await done(client, "PATCH", "/access", json={"changes": changes}, headers=seen)
    await done(client, "GET", f"/users/{olle}/access")
    await done(client, "GET", f"/explain?user_id={olle}&program=bookkeeping&part=vouchers")
    await done(client, "GET", f"/explain?user_id={olle}&program=payroll&part=staff")
    await done(client, "GET", "/history")
    await done(client, "GET", "/history/export")
    await done(client, "GET", "/history/export?format=json")
    assert (await client.save(*changes, version=0)).status_code == 412
    assert (await client.request("PATCH", "/access", json={"changes": []})).status_code == 428
    assert (await client.save(licence("payroll", olle))).status_code == 409
    assert (await client.save(permission("bookkeeping", "vouchers", "on", olle))).status_code == 422


async def the_licences(client: Managed) -> None:
    await done(client, "GET", "/licences")
    await done(client, "POST", "/licences/orders", json={"counts": {"payroll": 2}})
    fewer = {"program": "payroll", "count": 1, "reason": "ended"}
    later = fewer | {"effective_at": "2099-01-01T00:00:00Z"}
    await done(client, "POST", "/licences/reductions?dry_run=true", json=fewer)
    (waits,) = (await done(client, "POST", "/licences/reductions", json=later))["reductions"]
    await done(client, "GET", "/access")
    await done(client, "DELETE", f"/licences/reductions/{waits['reduction_id']}")
    await done(client, "PUT", "/program-access", json={"program_access": True})
    in_use = {"program": "bookkeeping", "count": 0, "reason": "ended"}
    assert (await client.request("POST", "/licences/reductions", json=in_use)).json()["holders"]


async def the_agency(client: Managed, olle: str) -> None:
    await done(client, "GET", "/consultants")
    await done(client, "PUT", "/responsible", json={"responsible_consultant": "erik"}, claims=ANNA)
    await done(client, "PUT", "/consultants", json={"consultants": ["karin", "erik"]}, claims=ANNA)
    over = {"from": "karin", "to": "erik"}
    await done(client, "POST", "/v1/handovers", json=over | {"preview": True}, claims=ANNA)
    await done(client, "POST", "/v1/handovers", json=over, claims=ANNA)
    saved = await client.save(role("system_administrator", olle), sub="erik")
    assert saved.status_code == 200, saved.text
    await done(client, "GET", "/disconnection", "erik")
    await done(client, "POST", "/disconnection", "erik")
    await done(client, "DELETE", "/disconnection", "erik")
    await done(client, "POST", "/disconnection", "erik")
    await done(client, "POST", "/disconnection/approve", "olle", claims=client.own)


async def the_operators(running: Running) -> None:
    client = await Managed.of(running)
    await running.context.database.execute("delete from grants where client_id = $1", UUID(str(client.client_id)))
    erik = {"consultant": "erik"}
    for sub, path, body in (("ola", "", {"reason": "other"}), ("ulf", "/confirm", {})):
        operator = {"roles": ["operator"], "agency": "drift"}
        await done(client, "POST", f"/restoration{path}", sub, json=erik | body, claims=operator)


async def test_an_answer_with_a_member_that_is_not_documented_or_without_one_that_is_is_noticed(
    running: Running,  # has the document made
) -> None:
    documented = Documented(DOCUMENT)
    licences = {"client_id": str(UUID(int=1)), "program_access": True, "licences": [], "reductions": []}
    request = Request("GET", f"http://activation/v1/clients/{UUID(int=1)}/licences")
    answers = [licences, licences | {"access_version": 1}, licences | {"access_version": 1, "more": 1}]

    await documented.check(Response(200, json=answers[1], request=request))
    for wrong in (answers[0], answers[2]):
        with pytest.raises(AssertionError, match="is not as its document says"):
            await documented.check(Response(200, json=wrong, request=request))
