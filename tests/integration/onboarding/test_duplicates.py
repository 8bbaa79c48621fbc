"""One client a number, whichever way it comes in; a number is free again once its client is gone."""

import asyncio
from typing import Any

import pytest

from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import association, cloud_event, content, organisation, sole_trader


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)


@pytest.mark.parametrize("status", ["cancelled", "disconnected", "erased"])
@pytest.mark.parametrize(
    "identity", [{"kind": "organisation", "number": organisation(1)}, sole_trader(), association()]
)
async def test_a_number_is_free_again_once_its_client_is_gone(
    running: Running, identity: dict[str, Any], status: str
) -> None:
    sent = content(details__identity=identity)
    assert (await running.create(sent)).status_code == 201
    assert (await running.create(sent)).status_code == 409
    await running.context.database.execute("update clients set status = $1", status)
    assert (await running.create(sent)).status_code == 201
    assert (await running.create(sent)).status_code == 409


async def test_a_person_and_a_source_at_once_make_one_client_and_the_loser_is_told_alike(running: Running) -> None:
    codes = []
    for number in range(4):
        sent = content(details__identity__number=organisation(number))
        event = cloud_event(f"evt-{number}", data={"agency": "byra-ett", **sent})
        answer, _ = await asyncio.gather(running.create(sent), running.ask(event))
        told = [data.get("code") for _, data in await running.results() if data["request_id"] == f"evt-{number}"]
        codes.append({answer.json().get("code"), told[-1]})
        assert len(await running.rows("select from clients")) == number + 1
    assert codes == [{None, "duplicate_client"}] * 4


async def test_losers_of_a_batch_are_told_alike_and_hold_nothing_up(running: Running) -> None:
    taken = content(details__identity__number=organisation(1))
    await running.create(taken, agency="byra-tva")
    batch = [
        cloud_event("evt-1", data={"agency": "byra-ett", **taken}),
        cloud_event("evt-2", data={"agency": "byra-ett", **content(details__identity__number=organisation(2))}),
        cloud_event("evt-3", data={"agency": "byra-ett", **content(details__identity__number=organisation(2))}),
    ]
    outcome = await running.ask(*batch)
    assert (outcome.applied, outcome.holds) == (3, [])
    results = [(kind, data["request_id"], data.get("code")) for kind, data in await running.results()]
    assert results == [
        ("rejected", "evt-1", "client_exists_elsewhere"),
        ("accepted", "evt-2", None),
        ("rejected", "evt-3", "duplicate_client"),
    ]


async def test_a_protected_address_stays_in_the_table_of_clients(running: Running) -> None:
    place = {"street": "Hemliga vägen 7", "postal_code": "352 30", "city": "Gömda byn"}
    people = [{"sub": "olle", "name": "Olle Ek", "email": "olle@exempelbolaget.se"}]
    sent = content(details__protected_identity=True, details__address=place, connected=True, administrators=people)
    created = await running.create(sent)
    client_id = created.json()["client_id"]
    headers = running.token() | {"If-Match": '"1"'}
    changed = await running.http.patch(f"/v1/clients/{client_id}", json={"locale": "en"}, headers=headers)
    assert changed.status_code == 200, changed.text
    said = await running.said("client-events")
    assert [(each["data"]["origin"], each["data"]["protected_identity"]) for each in said] == [("connected", True)] * 2
    assert [each["data"]["administrators"][0]["sub"] for each in said] == ["olle", "olle"]
    for table in ("outbox", "client_changes", "idempotency_keys", "requests"):
        for row in await running.rows(f"select * from {table}"):
            assert "Hemliga" not in str(tuple(row.values()))
            assert "Gömda" not in str(tuple(row.values()))
    without = {"details": {"address": None}}
    headers |= {"If-Match": '"2"'}
    gone = await running.http.patch(f"/v1/clients/{client_id}", json=without, headers=headers)
    assert (gone.status_code, gone.json()["address"]) == (200, None)
