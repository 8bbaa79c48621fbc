"""A consultant who leaves: asked for in onboarding, decided by activation, done in both or in neither."""

from typing import Any
from uuid import UUID

import httpx

from chassis.jobs import run_job
from services.activation.jobs import jobs
from services.activation.settings import ActivationSettings
from tests.integration.announce.test_owners import create, put_agency
from tests.integration.announce.town import Resident, heard

PATH = "/v1/agencies/byra-ett/consultants/karin"


async def test_a_consultant_leaves_the_agency_where_every_client_keeps_an_administrator(
    onboarding: Resident, activation: Resident
) -> None:
    await put_agency(onboarding, "byra-ett")
    anna = {"name": "Anna", "email": "anna@byra.se", "locale": "sv", "roles": ["client_manager", "agency_admin"]}
    headers = onboarding.token("anna", roles=["agency_admin"])
    await onboarding.http.put("/v1/agencies/byra-ett/consultants/anna", json=anna, headers=headers)
    client_id = await create(onboarding)
    await told(onboarding, activation, "agency-events")
    await told(onboarding, activation, "client-events")
    arrow = await activation.http.post(f"/v1/activations/{client_id}/activate", headers=activation.token("karin"))
    assert arrow.status_code == 200, arrow.text
    await told(activation, onboarding, "activation-events")

    refused = await leave(onboarding, activation)
    assert refused["state"] == "refused"
    assert refused["code"] == "consultant_has_clients"
    assert refused["clients"] == [client_id]
    admin = activation.token("anna", roles=["client_manager", "agency_admin"])
    handed = await activation.http.post("/v1/handovers", json={"from": "karin", "to": "anna"}, headers=admin)
    assert handed.status_code == 200, handed.text

    done = await leave(onboarding, activation)
    assert done["state"] == "removed"
    for service in (onboarding, activation):
        assert await service.rows("select 1 from consultants where sub = 'karin'") == []
        assert await service.held() == []
    held = await activation.rows("select sub from users where client_id = $1 and state = 'active'", UUID(client_id))
    assert [row["sub"] for row in held] == ["anna"]


async def leave(onboarding: Resident, activation: Resident) -> dict[str, Any]:
    """Asks for it, has activation decide, and answers what onboarding then shows of the wish."""
    headers = onboarding.token("anna", roles=["agency_admin"])
    asked: httpx.Response = await onboarding.http.delete(PATH, headers=headers)
    assert asked.status_code == 202, asked.text
    await told(onboarding, activation, "agency-events")
    settings = activation.context.settings
    assert isinstance(settings, ActivationSettings)
    (due,) = [each for each in jobs(settings) if each.name == "removals"]
    await run_job(activation.context.database, due)
    await told(activation, onboarding, "activation-events")
    await told(onboarding, activation, "agency-events")
    shown: dict[str, Any] = (await onboarding.http.get(asked.headers["Location"], headers=headers)).json()
    return shown


async def told(one: Resident, other: Resident, topic: str) -> None:
    """The other service hears all that stands in the outbox for the topic; what it heard before it drops."""
    events = await one.said(topic)
    await other.handle(*(heard(event, topic) for event in events))
