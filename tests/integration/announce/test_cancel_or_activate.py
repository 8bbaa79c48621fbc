"""A client that is cancelled and activated at once: one of the two comes about, and both services tell the same."""

import asyncio
from uuid import UUID

from tests.integration.announce.test_owners import create, put_agency
from tests.integration.announce.town import Resident, heard
from tests.unit.activation.events import cancellation

ROUNDS = 200
SAME = {"activated": "active", "cancelled": "cancelled"}


async def test_of_the_two_one_comes_about_and_it_is_the_same_in_both_services(
    onboarding: Resident, activation: Resident
) -> None:
    await put_agency(onboarding, "byra-ett")
    for number in range(ROUNDS):
        client_id = await create(onboarding)
        (born,) = await onboarding.said("client-events", client_id)
        await activation.handle(heard(born, "client-events"))
        asked = cancellation(client_id=UUID(client_id))
        asked = asked.model_copy(update={"subject": client_id, "sequence": "2"})
        path = f"/v1/activations/{client_id}/activate"

        acts = [activation.http.post(path, headers=activation.token("erik")), activation.handle(asked)]
        done = await asyncio.gather(*(acts if number % 2 else acts[::-1]))  # neither is always begun first
        (answer,) = [each for each in done if each is not None]

        told = await activation.said("activation-events", client_id)
        await onboarding.handle(*(heard(event, "activation-events") for event in told))
        (here,) = await activation.rows("select status from activations where client_id = $1", UUID(client_id))
        (there,) = await onboarding.rows("select status from clients where client_id = $1", UUID(client_id))
        assert there["status"] == SAME[here["status"]]
        assert answer.status_code == (200 if here["status"] == "activated" else 409)
    assert await onboarding.held() == []
    assert await activation.held() == []
