"""The census: what is refused to who wants to see a number whole, or to erase a client."""

from typing import Any

from services.onboarding.domain.revealing import MOST_TRIES
from tests.integration.onboarding.census import Told, fresh, number_of
from tests.integration.onboarding.census_acts import act
from tests.integration.onboarding.running import Running


async def shown_whole(running: Running, reason: str | None = "other", times: int = 1, **claims: Any) -> Told:
    """What the last of so many tries is told; each by somebody who has not tried before."""
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    headers = running.token(**{"sub": f"anna-{fresh()}", "roles": ["agency_admin"]} | claims)
    path = f"/v1/clients/{client_id}/identity/reveal"
    answers = [await running.http.post(path, json={"reason": reason}, headers=headers) for _ in range(times)]
    return Told.of(answers[-1].json())


@act("agency_admin_required", "http")
async def shown_to_a_client_manager(running: Running) -> Told:
    return await shown_whole(running, roles=["client_manager"])


@act("reason_required", "http", "/reason")
async def shown_for_no_reason(running: Running) -> Told:
    return await shown_whole(running, reason=None)


@act("reveal_limit", "http")
async def shown_one_after_the_other(running: Running) -> Told:
    return await shown_whole(running, times=MOST_TRIES + 1)


@act("client_active", "http")
async def erased_while_in_use(running: Running) -> Told:
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    headers = running.token("anna", roles=["agency_admin"])
    return Told.of((await running.http.post(f"/v1/clients/{client_id}/erase", headers=headers)).json())
