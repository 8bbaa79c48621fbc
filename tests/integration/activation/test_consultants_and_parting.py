"""Consultants at a client, hand-over, disconnection, break-glass, and the list as each consultant sees it."""

from typing import Any
from uuid import UUID

import pytest

from schemas.agency import AgencyRegisteredV1, ConsultantRegisteredV1
from services.activation.settings import ActivationSettings
from tests.integration.activation.managing import Managed, code_of, licence, permission, role
from tests.integration.activation.running import Running
from tests.unit.activation.events import envelope
from tests.unit.activation.test_activation_agency import consultant

ANNA = {"roles": ["client_manager", "agency_admin"]}
OPERATOR = {"roles": ["operator"], "agency": "drift"}


@pytest.fixture
async def agency(running: Running) -> Running:
    """byra-ett with karin, erik and anna."""
    for version, sub in enumerate(("karin", "erik", "anna"), 1):
        data = ConsultantRegisteredV1.model_validate({"agency": "byra-ett", **consultant(sub)})
        await running.hear(envelope(data, version=version))
    return running


async def linked_only(running: Running) -> None:
    data = AgencyRegisteredV1(agency="byra-ett", name="Byrå Ett", locale="sv", client_visibility="linked")
    await running.hear(envelope(data, version=4))


async def test_a_hand_over_is_previewed_and_then_done_for_all_clients_or_none(agency: Running) -> None:
    first, second = await Managed.of(agency, responsible_consultant="karin"), await Managed.of(agency)
    body = {"from": "karin", "to": "erik"}

    preview = await first.request("POST", "/v1/handovers", "anna", json=body | {"preview": True}, claims=ANNA)
    untouched = await agency.rows("select sub from users")
    wrong = await first.request("POST", "/v1/handovers", "anna", json=body | {"to": "nobody"}, claims=ANNA)
    by_another = await first.request("POST", "/v1/handovers", "erik", json=body)
    done = await first.request("POST", "/v1/handovers", "karin", json=body)

    assert {each["client_id"] for each in preview.json()["clients"]} == {str(first.client_id), str(second.client_id)}
    assert {each["sub"] for each in untouched} == {"karin"}
    assert (code_of(wrong), code_of(by_another)) == ("unknown_consultant", "agency_admin_required")
    assert done.status_code == 200, done.text
    holders = await agency.rows(
        "select u.sub from grants g join users u using (client_id, user_id) where g.kind = 'system_administrator'"
    )
    assert [each["sub"] for each in holders] == ["erik", "erik"]
    told = [event for event in await agency.said() if event["type"].endswith("handover.completed.v1")]
    assert len({event["data"]["handover_id"] for event in told}) == 1
    answering = [event["data"] for event in await agency.said() if event["type"].endswith("activation.reassigned.v1")]
    assert {each["handover_id"] for each in answering} == {told[0]["data"]["handover_id"]}
    assert [(event["data"]["from"]["sub"], event["data"]["to"]["sub"]) for event in told] == [("karin", "erik")] * 2


async def test_a_consultant_who_is_unlinked_loses_all_and_the_last_administrator_cannot_be(agency: Running) -> None:
    client = await Managed.of(agency)

    refused = await client.request("PUT", "/consultants", "anna", json={"consultants": ["erik"]}, claims=ANNA)
    linked = await client.request("PUT", "/consultants", "anna", json={"consultants": ["karin", "erik"]}, claims=ANNA)
    stored = await agency.rows("select sub from links where client_id = $1 order by sub", client.client_id)
    (erik,) = [each for each in (await client.get("/users"))["items"] if each["name"] == "erik"]
    await client.save(role("system_administrator", erik["user_id"]))
    done = await client.request("PUT", "/consultants", "anna", json={"consultants": ["erik"]}, claims=ANNA)

    assert code_of(refused) == "last_system_administrator"
    assert linked.status_code == done.status_code == 200
    assert [row["sub"] for row in stored] == ["erik", "karin"]
    assert [row["sub"] for row in await agency.rows("select sub from links")] == ["erik"]
    assert [each["sub"] for each in done.json()["consultants"]] == ["erik"]
    assert code_of(await client.save(licence("bookkeeping", erik["user_id"]))) == "program_admin_required"


async def test_where_consultants_see_their_own_clients_only_the_others_are_not_there(agency: Running) -> None:
    await linked_only(agency)
    mine = await Managed.of(agency, activated_by=None, responsible_consultant="erik", created_by=None)
    await Managed.of(agency, activated_by=None, created_by=None, name="Annans AB")

    async def names(sub: str, **claims: Any) -> list[str]:
        answer = await agency.http.get("/v1/activations", headers=agency.token(sub, **claims))
        return [each["client_name"] for each in answer.json()["items"]]

    assert await names("erik") == ["Exempelbolaget AB"]
    assert await names("karin") == []
    assert len(await names("anna", **ANNA)) == 2
    assert (await agency.activate(mine.client_id, "karin")).status_code == 404
    assert (await agency.activate(mine.client_id, "erik")).status_code == 200


async def test_the_list_is_filtered_and_entries_are_hidden_for_whoever_hides_them(agency: Running) -> None:
    first = await Managed.of(agency, activated_by=None, name="A", responsible_consultant="erik")
    await Managed.of(agency, activated_by=None, name="B", origin="api", created_by={"sub": "erik", "name": "E"})

    async def names(query: str, sub: str = "karin") -> list[str]:
        answer = await agency.http.get(f"/v1/activations?{query}", headers=agency.token(sub))
        assert answer.status_code == 200, answer.text
        return [each["client_name"] for each in answer.json()["items"]]

    assert await names("responsible_consultant=erik") == ["A"]
    assert await names("responsible_consultant=") == ["B"]
    assert await names("origin=api") == ["B"]
    assert await names("created_by=erik") == ["B"]
    assert await names("older_than_days=1") == []
    hidden = await first.request("POST", "/v1/activations/hide", json={"client_ids": [str(first.client_id)]})
    assert hidden.status_code == 204
    assert (await names(""), await names("hidden=yes"), await names("hidden=all")) == (["B"], ["A"], ["B", "A"])
    assert await names("", "erik") == ["B", "A"]
    for path in ("/v1/activations/hide", "/v1/activations/unhide"):
        unknown = await first.request("POST", path, json={"client_ids": [str(first.client_id), str(UUID(int=1))]})
        assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (404, "/client_ids/1")
    await first.request("POST", "/v1/activations/unhide", json={"client_ids": [str(first.client_id)]})
    assert await names("") == ["B", "A"]


async def test_agency_and_client_part_when_the_clients_own_administrator_agrees(agency: Running) -> None:
    client = await Managed.of(agency)
    nobody = await client.request("POST", "/disconnection")
    olle = await client.user("olle")
    await client.save(role("system_administrator", olle), licence("bookkeeping", olle))

    asked = await client.request("POST", "/disconnection")
    by_karin = await client.request("POST", "/disconnection/approve")
    agreed = await client.request("POST", "/disconnection/approve", "olle", claims=client.own)

    assert code_of(nobody) == "client_administrator_required"
    assert asked.status_code == 202
    assert code_of(by_karin) == "system_admin_required"
    assert agreed.json()["status"] == "disconnected"
    rows = await agency.rows("select u.sub, g.kind from grants g join users u using (client_id, user_id) order by kind")
    assert [(row["sub"], row["kind"]) for row in rows] == [("olle", "licence"), ("olle", "system_administrator")]
    assert code_of(await client.save(licence("bookkeeping", olle, "none"), version=9)) == "client_disconnected"
    access = await client.request("GET", f"/users/{olle}/access", "olle", claims=client.own)
    assert access.json()["licences"] == ["bookkeeping"]


async def test_two_operators_together_give_a_locked_out_client_an_administrator(agency: Running) -> None:
    client = await Managed.of(agency)
    healthy = await client.request(
        "POST", "/restoration", "op-1", json={"consultant": "erik", "reason": "other"}, claims=OPERATOR
    )
    await agency.context.database.execute("delete from grants")

    by_karin = await client.request("POST", "/restoration", json={"consultant": "erik", "reason": "other"})
    asked = await client.request(
        "POST", "/restoration", "op-1", json={"consultant": "erik", "reason": "other"}, claims=OPERATOR
    )
    erik = {"consultant": "erik"}
    alone = await client.request("POST", "/restoration/confirm", "op-1", json=erik, claims=OPERATOR)
    other = await client.request("POST", "/restoration/confirm", "op-2", json={"consultant": "anna"}, claims=OPERATOR)
    both = await client.request("POST", "/restoration/confirm", "op-2", json=erik, claims=OPERATOR)

    assert (code_of(healthy), code_of(by_karin)) == ("client_not_locked_out", "operator_required")
    assert asked.status_code == 202
    assert (code_of(alone), code_of(other)) == ("second_operator_required", "not_found")
    assert both.json()["administrators"] == ["erik"]
    told = await agency.rows(
        "select act, by_sub, acting_as, refused from history where acting_as = 'operator' order by 1, 2"
    )
    done = [(row["act"], row["by_sub"]) for row in told if row["refused"] is None]
    assert done[0] == ("confirm_restoration", "op-2")


async def test_where_the_policy_asks_for_it_somebody_confirms_that_the_client_is_known(agency: Running) -> None:
    settings = agency.context.settings
    assert isinstance(settings, ActivationSettings)
    settings.kyc_required = True
    client = await Managed.of(agency, activated_by=None)

    early = await agency.activate(client.client_id)
    confirmed = await client.request("PUT", f"/v1/activations/{client.client_id}/kyc", "erik")
    then = await agency.activate(client.client_id)

    assert code_of(early) == "kyc_required"
    assert (confirmed.status_code, then.status_code) == (204, 200)
    (row,) = await agency.rows("select by_sub from kyc_confirmations")
    assert row["by_sub"] == "erik"


async def test_explain_names_the_missing_link_and_who_can_mend_it(agency: Running) -> None:
    client = await Managed.of(agency)
    olle = await client.user("olle")

    async def missing(
        part: str = "vouchers", level: str = "write", program: str = "bookkeeping"
    ) -> list[tuple[str, str]]:
        answer = await client.get(f"/explain?user_id={olle}&program={program}&part={part}&level={level}")
        return [(each["what"], each["code"]) for each in answer["chain"] if not each["holds"]]

    assert await missing() == [("licence", "licence_required"), ("permission", "permission_missing")]
    assert await missing(program="payroll", part="staff") == [
        ("program_ordered", "program_not_ordered"),
        ("licence", "licence_required"),
        ("permission", "permission_missing"),
    ]
    await client.save(licence("bookkeeping", olle))
    assert await missing("voucher_templates") == [
        ("parent_permission", "parent_permission_required"),
        ("permission", "permission_missing"),
    ]
    await client.save(permission("bookkeeping", "vouchers", "write", olle))
    assert await missing() == []
    answer = await client.get(f"/explain?user_id={olle}&program=bookkeeping&part=settings&level=on")
    (last,) = [each for each in answer["chain"] if not each["holds"]]
    assert last["who_can_fix"] == {"role": "program_administrator", "names": ["karin"]}  # as the agency calls her
