"""A client is erased across all services: no table of any of them holds who it was, once they have heard of it."""

import httpx
import pytest

from tests.eventually import eventually
from tests.infrastructure import fetch
from tests.integration.onboarding.spellings import spellings
from tests.system import checker
from tests.system.rig import Rig
from tests.system.test_road import activation, request

NUMBER = "811218-9876"
SECRETS = ("Näckens", "kassor@nacken.se", "Lönngatan", "Hemby", "Berit Berg", *spellings("198112189876"))


async def tables_with_secrets(rig: Rig) -> set[str]:
    """The tables of all services in which something of the client stands."""
    found = set()
    for service, address in rig.databases.items():
        names = await fetch(address, "select table_name from information_schema.tables where table_schema = 'public'")
        for name in (row["table_name"] for row in names):
            text = "\n".join(row["text"] for row in await fetch(address, f'select t::text as text from "{name}" t'))
            found |= {f"{service}.{name}"} if any(each in text for each in SECRETS) else set()
    return found


@pytest.mark.timeout(180)
async def test_an_erased_client_is_in_no_table_of_any_service(rig: Rig) -> None:
    body = request(NUMBER, "Näckens vänner", "kassor@nacken.se")
    body["details"]["identity"] = {
        "kind": "association_without_orgnr",
        "number": NUMBER,
        "responsible_person": "Berit Berg",
    }
    body["details"]["address"] = {"street": "Lönngatan 1", "postal_code": "352 30", "city": "Hemby"}
    headers = rig.token("anna", "client_manager", "agency_admin")
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), headers=headers, timeout=15) as client:
        created = await client.post("/v1/clients", json=body, headers={"Idempotency-Key": "create"})
        assert created.status_code == 201, created.text
        path = f"/v1/clients/{created.json()['client_id']}"
        await eventually(lambda: activation(rig, created.json()["client_id"]), within=15)
        asked = await client.post(f"{path}/cancel", json={"reason": "mistake"}, headers={"Idempotency-Key": "cancel"})
        assert asked.status_code == 202, asked.text

        async def cancelled() -> bool:
            return bool((await client.get(path)).json()["status"] == "cancelled")

        await eventually(cancelled, within=15)
        await eventually(lambda: checker.settled(rig), within=30)
        before = await tables_with_secrets(rig)
        assert before >= {"onboarding.clients", "activation.activations", "notifier.emails", "notifier.bells"}
        assert (await client.post(f"{path}/erase")).status_code == 200

        async def gone() -> bool:
            assert await tables_with_secrets(rig) == set()
            return True

        await eventually(gone, within=30)
        assert (await client.get(path)).json()["status"] == "erased"
        anew = await client.post("/v1/clients", json=body)
        assert anew.status_code == 201, anew.text
