"""What an act does is told whole, before and after; and on which version it may be done."""

from typing import Any

import pytest

from schemas.agency import ConsultantRegisteredV1
from tests.integration.activation.managing import Managed, code_of, licence
from tests.integration.activation.running import Running
from tests.unit.activation.events import envelope
from tests.unit.activation.test_activation_agency import consultant

ANNA = {"roles": ["client_manager", "agency_admin"]}


@pytest.fixture
async def agency(running: Running) -> Running:
    """byra-ett with karin, erik and anna."""
    for version, sub in enumerate(("karin", "erik", "anna"), 1):
        data = ConsultantRegisteredV1.model_validate({"agency": "byra-ett", **consultant(sub)})
        await running.hear(envelope(data, version=version))
    return running


def told(client: dict[str, Any]) -> set[tuple[str, str | None, str]]:
    """Kind, name, and how it is afterwards."""
    return {(each["kind"], each["name"], str(each["after"])) for each in client["effects"]}


async def test_a_preview_of_a_hand_over_tells_all_that_it_then_does(agency: Running) -> None:
    mine = await Managed.of(agency)
    waits = await Managed.of(agency, activated_by=None, responsible_consultant="karin")
    body = {"from": "karin", "to": "erik"}

    preview = await mine.request("POST", "/v1/handovers", "anna", json=body | {"preview": True}, claims=ANNA)
    done = await mine.request("POST", "/v1/handovers", "anna", json=body, claims=ANNA)

    seen = {each["client_id"]: told(each) for each in preview.json()["clients"]}
    assert seen[str(waits.client_id)] == {("responsible_consultant", None, "{'value': 'erik'}")}
    assert {
        ("user", "karin", "{'state': 'removed'}"),
        ("user", "erik", "{'state': 'active'}"),
        ("system_administrator", "erik", "{'level': 'on'}"),
        ("system_administrator", "karin", "None"),
    } <= seen[str(mine.client_id)]
    assert seen == {each["client_id"]: told(each) for each in done.json()["clients"]}


async def test_a_hand_over_from_somebody_unknown_is_refused_where_they_are_named(agency: Running) -> None:
    client = await Managed.of(agency)

    nobody = await client.request("POST", "/v1/handovers", "anna", json={"from": "nobody", "to": "erik"}, claims=ANNA)
    idle = await client.request("POST", "/v1/handovers", "anna", json={"from": "anna", "to": "erik"}, claims=ANNA)

    assert (code_of(nobody), nobody.json()["errors"][0]["pointer"]) == ("unknown_consultant", "/from")
    assert (idle.status_code, idle.json()["clients"]) == (200, [])


async def test_what_disabling_takes_is_told_beforehand_and_afterwards_and_is_not_given_back(agency: Running) -> None:
    client = await Managed.of(agency)
    lisa = await client.user("lisa", licence("bookkeeping"))
    path = f"/users/{lisa}"

    dry = await client.request("PATCH", f"{path}?dry_run=true", json={"state": "disabled"})
    kept = await client.counts("bookkeeping")
    removal = await client.request("DELETE", f"{path}?dry_run=true")
    done = await client.request("PATCH", path, json={"state": "disabled"})
    back = await client.request("PATCH", path, json={"state": "active"})

    assert dry.json()["changes"] == done.json()["changes"] == removal.json()["changes"]
    assert [(each["kind"], each["before"], each["after"]) for each in done.json()["changes"]] == [
        ("licence", "on", "none")
    ]
    assert (kept["assigned"], removal.json()["state"]) == (1, "removed")
    assert (back.json()["state"], back.json()["changes"], back.json()["grants"]) == ("active", [], [])


@pytest.mark.parametrize("if_match", ["0", "hej", 'W/"0"', "*", '"-1"'])
async def test_what_is_no_version_of_the_matrix_is_not_called_stale(running: Running, if_match: str) -> None:
    client = await Managed.of(running)

    answer = await client.request("PATCH", "/access", json={"changes": []}, headers={"If-Match": if_match})

    assert (answer.status_code, code_of(answer)) == (400, "if_match_malformed")
    assert answer.json()["errors"][0] | {"in": "header", "pointer": "/If-Match"} == answer.json()["errors"][0]


async def test_of_the_changes_since_the_callers_own_are_marked(running: Running) -> None:
    client = await Managed.of(running)
    lisa = await client.user("lisa")
    await client.save(licence("bookkeeping", lisa))

    stale = await client.save(licence("invoicing", lisa), version=0)
    future = await client.save(licence("invoicing", lisa), version=999)

    assert (stale.status_code, code_of(stale)) == (412, "stale_version")
    assert [(each["by"], each["yours"]) for each in stale.json()["changes"]] == [("karin", True)]
    assert (future.status_code, code_of(future)) == (412, "unknown_version")
    assert "changes" not in future.json()


async def test_a_consultant_who_is_leaving_takes_no_arrow(agency: Running) -> None:
    client = await Managed.of(agency, activated_by=None)
    await agency.context.database.execute("update consultants set leaving = true where sub = 'karin'")

    leaving = await agency.activate(client.client_id, "karin")
    unheard_of = await agency.activate(client.client_id, "olga")

    assert code_of(leaving) == "consultant_leaving"
    assert unheard_of.json()["became_system_administrator"] is True  # ADR 0011: her token is the agency's word
