"""Licences and program access, as onboarding asks for them on somebody's behalf."""

from typing import Any

from chassis.ids import uuid7
from schemas.client import ClientLicencesChangeRequestedV1
from tests.integration.activation.managing import Managed, code_of, licence
from tests.integration.activation.running import Running
from tests.integration.activation.test_users_and_licences import due, said
from tests.unit.activation.events import envelope


def asked(client: Managed, kind: str, **more: Any) -> Any:
    data = {
        "client_id": client.client_id,
        "request_id": uuid7(),
        "requested_by": {"kind": kind, "id": "x", "name": "X"},
        "counts": {"bookkeeping": 1},
        "reason": "ended",
        **more,
    }
    return envelope(ClientLicencesChangeRequestedV1.model_validate(data), version=2)


async def test_a_source_is_not_refused_and_a_person_is(running: Running) -> None:
    by_source, by_person = await Managed.of(running), await Managed.of(running)
    for client in (by_source, by_person):
        await client.user("olle", licence("bookkeeping"))
        await client.user("siv", licence("bookkeeping"))

    await running.hear(asked(by_source, "source"))
    await running.hear(asked(by_person, "user"))
    assert await due(running) == 2

    assert (await said(running, by_source))[-2:] == ["licences.over_assigned", "licences.changed"]
    assert (await said(running, by_person))[-1] == "licences.change_refused"
    per = await by_source.user("per")
    assert code_of(await by_source.save(licence("bookkeeping", per))) == "over_assigned"
    assert await by_source.counts("bookkeeping") == {"purchased": 1, "assigned": 2, "reserved": 0, "available": 0}


async def test_a_person_asks_through_onboarding_for_what_they_could_do_here_and_for_no_more(running: Running) -> None:
    client = await Managed.of(running)
    by = {"requested_by": {"kind": "user", "id": "erik", "name": "Erik"}}

    await running.hear(asked(client, "user", **by))
    assert await due(running) == 1
    refused = (await running.said("activation-events", client.client_id))[-1]
    assert (refused["type"], refused["data"].get("code")) == (
        "se.aktivera.licences.change_refused.v1",
        "system_admin_required",
    )

    administrator = {"requested_by": {"kind": "user", "id": "karin", "name": "Karin"}}
    await client.user("olle", licence("bookkeeping"))
    later = asked(client, "user", **administrator, counts={}, program_access=False)
    await running.hear(later.model_copy(update={"sequence": "3"}))
    assert await due(running) == 1
    refused = (await running.said("activation-events", client.client_id))[-1]["data"]
    assert (refused["code"], refused["assigned"], refused["reserved"]) == ("licences_in_use", 1, 0)
    assert [each["pointer"] for each in refused["errors"]] == ["/program_access"]


async def test_access_to_programs_goes_and_comes_as_onboarding_asks_before_the_activation(running: Running) -> None:
    client = await Managed.of(running, activated_by=None)
    wishes: list[dict[str, Any]] = [{"program_access": False, "counts": {}}, {"program_access": True}]
    bought = []
    for version, wish in enumerate(wishes, 2):
        event = asked(client, "user", **wish)
        await running.hear(event.model_copy(update={"sequence": str(version)}))
        assert await due(running) == 1
        changed = (await running.said("activation-events", client.client_id))[-1]["data"]
        assert changed["program_access"] is wish["program_access"]
        bought.append({each["program"]: each["purchased"] for each in changed["licences"]}["bookkeeping"])
    assert bought == [0, 1]
