"""The census: what is refused to an agency's people about their agency and its consultants."""

from typing import Any

from schemas.handover import ConsultantReleaseRefusedV1
from tests.integration.onboarding.census import Told, fresh, number_of, told_of
from tests.integration.onboarding.census_acts import act, request
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.test_intake import told

KARIN = {"name": "Karin Kvist", "email": "karin@byra-ett.se", "roles": ["client_manager"]}
NOBODY = {"responsible_consultant": "ingen"}


async def registered(running: Running) -> str:
    """A consultant of a name of their own; answers the place of theirs."""
    place = f"/v1/agencies/byra-ett/consultants/karin-{fresh()}"
    await running.http.put(place, json=KARIN, headers=running.token("anna", roles=["agency_admin"]))
    return place


async def removed(running: Running, place: str, **claims: Any) -> dict[str, Any]:
    headers = running.token("anna", **({"roles": ["agency_admin"]} | claims))
    answer: dict[str, Any] = (await running.http.delete(place, headers=headers)).json()
    return answer


@act("agency_admin_required", "http")
async def removed_by_a_colleague(running: Running) -> Told:
    return Told.of(await removed(running, await registered(running), roles=["client_manager"]))


@act("request_pending", "http")
async def removed_twice(running: Running) -> Told:
    place = await registered(running)
    await removed(running, place)
    return Told.of(await removed(running, place))


@act("consultant_has_clients", "http")
async def removed_who_is_needed(running: Running) -> Told:
    place = await registered(running)
    request_id = (await removed(running, place))["request_id"]
    data = {"agency": "byra-ett", "sub": place.rpartition("/")[2], "request_id": request_id, "clients": []}
    refused = ConsultantReleaseRefusedV1.model_validate(data | {"code": "last_system_administrator"})
    await running.hear(told(refused, "byra-ett", 1))
    headers = running.token("anna", roles=["agency_admin"])
    return Told((await running.http.get(f"{place}/removals/{request_id}", headers=headers)).json()["code"])


@act("unknown_consultant", "http", "/responsible_consultant")
async def created_for_no_consultant(running: Running) -> Told:
    return Told.of((await running.create(number_of(fresh()) | NOBODY)).json())


@act("unknown_consultant", "event", "/responsible_consultant")
async def asked_for_no_consultant(running: Running) -> Told:
    return await told_of(running, request(number_of(fresh()) | NOBODY))
