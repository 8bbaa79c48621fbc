"""The history tells one act from another: what was done and what was tried, of whom, and by which request."""

from typing import Any

import pytest

from schemas.agency import ConsultantRegisteredV1
from services.activation.trace import trace
from tests.integration.activation.managing import Managed, licence, role
from tests.integration.activation.running import Running
from tests.unit.activation.events import envelope
from tests.unit.activation.test_activation_agency import consultant

ANNA = {"roles": ["client_manager", "agency_admin"]}


@pytest.fixture
async def client(running: Running) -> Managed:
    for version, sub in enumerate(("karin", "erik", "anna"), 1):
        data = ConsultantRegisteredV1.model_validate({"agency": "byra-ett", **consultant(sub)})
        await running.hear(envelope(data, version=version))
    return await Managed.of(running, correlation="from-upstream")


async def history(client: Managed, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get(f"/history?limit=200{query}"))["items"]
    return items


async def test_a_refused_try_tells_of_whom_what_was_tried_and_what_was_held(client: Managed) -> None:
    lisa = await client.user("lisa", licence("bookkeeping"))

    await client.save(licence("bookkeeping", lisa, "none"), sub="erik")
    await client.request("DELETE", f"/users/{lisa}", "erik")
    await client.request("PATCH", f"/users/{lisa}", "erik", json={"state": "disabled"})
    await client.request("PATCH", f"/users/{lisa}", "erik", json={"email": "lisa.ny@exempelbolaget.se"})

    rows = await history(client, f"&user_id={lisa}&refused=true")
    assert [(each["act"], each["program"], each["before"], each["after"]) for each in reversed(rows)] == [
        ("save", "bookkeeping", {"level": "on"}, {"kind": "licence", "level": "none"}),
        ("remove", None, None, {"state": "removed"}),
        ("disable", None, None, {"state": "disabled"}),
        ("edit", None, None, {"fields": ["email"]}),
    ]


async def test_a_wrong_code_leaves_an_entry_at_whom_it_was_for_and_an_operator_is_called_one(client: Managed) -> None:
    invited = (await client.invite("lisa")).json()
    await client.accept(invited["invitation"]["invitation_id"], "lisa", code="wrong")
    await client.request(
        "POST", "/licences/orders", "drift", json={"counts": {"payroll": 1}}, claims={"roles": ["operator"]}
    )

    ordered, guessed = await history(client, "&refused=true")
    assert (guessed["act"], guessed["user_id"], guessed["refused"]) == (
        "accept",
        invited["user_id"],
        "unknown_invitation",
    )
    assert (guessed["acting_as"], guessed["by"]) == ("client_user", "lisa")
    assert (ordered["acting_as"], ordered["program"], ordered["after"]) == ("operator", "payroll", {"more": 1})


async def test_each_act_has_its_requests_own_correlation_id_and_can_be_traced_by_it(client: Managed) -> None:
    lisa = await client.user("lisa")
    saved = await client.save(licence("bookkeeping", lisa), role("program_administrator", lisa, program="bookkeeping"))
    given = await client.request(
        "POST", "/licences/orders", json={"counts": {"payroll": 1}}, headers={"X-Correlation-ID": "mine-1"}
    )

    correlation = saved.headers["X-Correlation-ID"]
    rows = await history(client)
    assert {(each["act"], each["kind"]) for each in rows if each["correlation_id"] == correlation} == {
        ("save", "licence"),
        ("save", "program_administrator"),
        ("save", "status"),
    }
    assert (given.headers["X-Correlation-ID"], rows[0]["correlation_id"]) == ("mine-1", "mine-1")
    database = client.running.context.database
    (order,) = await trace(database, None, "mine-1")
    assert (order.what, order.detail["client_id"]) == ("activation.order", str(client.client_id))
    told = [each.what for each in await trace(database, str(client.client_id), None)]
    assert told == [
        "activation.listed",
        "activation.activated",
        "activation.due",  # her name, as the agency tells it
        "activation.invite",
        "activation.accept",
        "activation.save",
        "activation.order",
    ]


async def test_a_hand_over_stands_in_the_history_with_its_id(client: Managed) -> None:
    body = {"from": "karin", "to": "erik"}
    denied = await client.request("POST", "/v1/handovers", "erik", json=body)
    done = await client.request("POST", "/v1/handovers", "anna", json=body, claims=ANNA)

    rows = await history(client)
    (handover,) = [each for each in rows if each["kind"] == "handover"]
    assert handover["after"] == {"consultant": "erik", "handover_id": done.json()["handover_id"]}
    assert handover["before"] == {"consultant": "karin"}
    same = {each["kind"] for each in rows if each["correlation_id"] == handover["correlation_id"]}
    assert {"user", "system_administrator", "handover"} <= same
    (tried,) = [each for each in rows if each["refused"]]
    assert (denied.status_code, tried["act"], tried["after"]) == (403, "hand_over", body)
