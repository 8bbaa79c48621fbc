"""A client's life over all services, with two replicas of onboarding: one winner each, and everybody follows."""

import asyncio
from collections import Counter
from itertools import cycle
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.eventually import eventually
from tests.system.numbers import organisation_numbers
from tests.system.rig import Rig
from tests.system.test_road import activation, request

AT_ONCE = 50


async def at_once(rig: Rig, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
    """The answers to creates that are under way together, half of them at each replica."""
    urls = cycle(each.url for each in rig.replicas if each.service == "onboarding")
    limits = httpx.Limits(max_connections=len(bodies))
    async with httpx.AsyncClient(headers=rig.token("karin"), timeout=30, limits=limits) as client:
        return await asyncio.gather(*(client.post(f"{next(urls)}/v1/clients", json=body) for body in bodies))


@pytest.mark.parametrize("replicas", [("onboarding", "onboarding")])
async def test_of_many_creates_on_one_number_at_two_replicas_exactly_one_comes_about(rig: Rig) -> None:
    number = next(organisation_numbers())
    answers = await at_once(rig, [request(number, name=f"Bolag {n} AB") for n in range(AT_ONCE)])
    assert Counter(each.status_code for each in answers) == {201: 1, 409: AT_ONCE - 1}
    (created,) = [each.json() for each in answers if each.status_code == 201]
    refused = [each.json() for each in answers if each.status_code == 409]
    assert {(each["code"], each["client_id"]) for each in refused} == {("duplicate_client", created["client_id"])}

    person: list[tuple[str, dict[str, Any], str]] = [
        ("sole_trader", {}, "duplicate_client"),
        ("association_without_orgnr", {"responsible_person": "Berit Berg"}, "possible_duplicate"),
    ]
    for kind, more, code in person:
        body = request(number, name="Klubben")
        body["details"]["identity"] = {"kind": kind, "number": "811218-9876", **more}
        answers = await at_once(rig, [body] * 20)
        assert Counter(each.status_code for each in answers) == {201: 1, 409: 19}
        assert {each.json()["code"] for each in answers if each.status_code == 409} == {code}


async def asked(karin: httpx.AsyncClient, client_id: str, act: str, body: dict[str, Any]) -> dict[str, Any]:
    """What became of a request, once activation has answered."""
    key = {"Idempotency-Key": str(uuid4())}
    answer = await karin.post(f"/v1/clients/{client_id}/{act}", json=body, headers=key)
    assert answer.status_code == 202, answer.text

    async def settled() -> dict[str, Any]:
        found: dict[str, Any] = (await karin.get(answer.headers["Location"])).json()
        assert found["state"] != "pending"
        return found

    return await eventually(settled, within=15)


@pytest.mark.parametrize("replicas", [("onboarding", "activation")])
async def test_a_client_is_changed_asked_about_and_cancelled_and_every_service_follows(rig: Rig) -> None:
    numbers = organisation_numbers()
    first, second = next(numbers), next(numbers)
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), headers=rig.token("karin"), timeout=15) as karin:
        made = [await karin.post("/v1/clients", json=request(each)) for each in (first, second)]
        waits, goes = (each.json()["client_id"] for each in made)
        await eventually(lambda: activation(rig, goes), within=15)

        patch = {"details": {"name": "Nya Bolaget AB"}, "responsible_consultant": "erik"}
        changed = await karin.patch(f"/v1/clients/{waits}", json=patch, headers={"If-Match": '"1"'})
        assert changed.status_code == 200, changed.text

        async def followed() -> bool:
            row = await activation(rig, waits)
            return (row["client_name"], row["responsible_consultant"]) == ("Nya Bolaget AB", "erik")

        await eventually(followed, within=15)

        assert (await asked(karin, waits, "licences", {"counts": {"bookkeeping": 4}}))["state"] == "done"
        assert (await asked(karin, waits, "licences", {"program_access": False}))["state"] == "done"
        assert (await karin.get(f"/v1/clients/{waits}")).json()["access"]["program_access"] is False

        assert (await asked(karin, waits, "cancel", {"reason": "mistake"}))["state"] == "done"
        assert (await activation(rig, waits))["status"] == "cancelled"
        again = await karin.post("/v1/clients", json=request(first))
        assert again.status_code == 201, again.text

        async with httpx.AsyncClient(base_url=rig.url("activation"), headers=rig.token("erik")) as erik:
            assert (await erik.post(f"/v1/activations/{goes}/activate")).status_code == 200
        refused = await asked(karin, goes, "licences", {"counts": {"bookkeeping": 4}})
        assert (refused["state"], refused["code"]) == ("refused", "system_admin_required")

        async def late() -> bool:
            body, key = {"reason": "mistake"}, {"Idempotency-Key": str(uuid4())}
            answer = await karin.post(f"/v1/clients/{goes}/cancel", json=body, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (409, "already_activated")
            return bool(answer.json()["activated_by"] == "Erik")

        await eventually(late, within=15)
