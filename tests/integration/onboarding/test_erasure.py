"""A client is erased: the number's key is gone, every table is blank of who people were, and the skeleton stays."""

from typing import Any

import httpx
import pytest

from services.onboarding.announce import client_snapshots
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.test_encrypted_numbers import jwe
from tests.integration.onboarding.test_intake import told
from tests.unit.onboarding.contents import association, cloud_event, content
from tests.unit.onboarding.test_progress import ACTIVATED, CANCELLED, LISTED

ADMIN: dict[str, Any] = {"sub": "anna", "roles": ["agency_admin"]}
SECRETS = ("811218", "9876", "Sällskapet", "Berit", "Lönngatan", "Hemby", "kassor@", "Karin", "ref-hemlig", "Olle")
SKELETON = {"consultants": ("Karin",), "agencies": ()}
"""Names of the agency's own people stay in its directory."""


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    await running.register_agency()


def secret_content() -> dict[str, Any]:
    return content(
        details__identity=association(),
        details__name="Sällskapet Näcken",
        details__address={"street": "Lönngatan 1", "postal_code": "352 30", "city": "Hemby"},
        licences__confirmation_email="kassor@nacken.se",
    ) | {"external_ref": "ref-hemlig", "administrators": [{"name": "Olle Ek", "email": "olle@nacken.se"}]}


async def created(running: Running) -> str:
    """A client by a person, changed since, asked to be cancelled, and cancelled."""
    headers = running.token() | {"Idempotency-Key": "k-1"}
    answer = await running.http.post("/v1/clients", json=secret_content(), headers=headers)
    assert answer.status_code == 201, answer.text
    client_id = str(answer.json()["client_id"])
    patch = {"details": {"name": "Sällskapet Nya Näcken"}}
    changed = await running.http.patch(
        f"/v1/clients/{client_id}", json=patch, headers=running.token() | {"If-Match": '"1"'}
    )
    assert changed.status_code == 200, changed.text
    asked = await running.http.post(
        f"/v1/clients/{client_id}/cancel",
        json={"reason": "mistake"},
        headers=running.token() | {"Idempotency-Key": "c"},
    )
    assert asked.status_code == 202, asked.text
    await running.hear(told(LISTED, client_id, 1))
    await running.hear(told(CANCELLED, client_id, 2, request_id=asked.json()["request_id"]))
    return client_id


async def erase(running: Running, client_id: str, **claims: Any) -> httpx.Response:
    return await running.http.post(f"/v1/clients/{client_id}/erase", headers=running.token(**(ADMIN | claims)))


async def found(running: Running) -> list[tuple[str, str]]:
    """(table, secret) of whatever still stands anywhere but in the outbox, which is emptied as it is sent."""
    tables = await running.rows("select tablename from pg_tables where schemaname = 'public' and tablename <> 'outbox'")
    hits = []
    for table in (row["tablename"] for row in tables):
        text = str(await running.rows(f'select * from "{table}"'))
        hits += [(table, each) for each in SECRETS if each in text and each not in SKELETON.get(table, ())]
    return hits


async def test_nothing_of_an_erased_client_is_left_in_any_table(running: Running) -> None:
    client_id = await created(running)
    assert {table for table, _ in await found(running)} >= {"clients", "client_changes", "client_requests"}
    answer = await erase(running, client_id)
    assert (answer.status_code, answer.json()["status"]) == (200, "erased")
    assert await found(running) == []
    assert await running.rows("select from vault") == []
    (said,) = [each for each in await running.said("client-events") if each["type"].endswith("client.erased.v1")]
    assert (said["subject"], said["data"]) == (client_id, {"client_id": client_id, "agency": "byra-ett"})


async def test_the_skeleton_stays_and_is_announced_with_nothing_personal(running: Running) -> None:
    client_id = await created(running)
    await erase(running, client_id)
    shown = await running.http.get(f"/v1/clients/{client_id}", headers=running.token())
    assert (shown.status_code, shown.json()["status"], shown.json()["name"]) == (200, "erased", "")
    history = await running.http.get(f"/v1/clients/{client_id}/changes", headers=running.token())
    asked = await running.http.get(f"/v1/clients/{client_id}/requests", headers=running.token())
    assert (history.status_code, asked.status_code) == (200, 200)
    async with running.context.database.unit_of_work() as uow:
        (snapshot,) = await client_snapshots(uow, [client_id])
    for text in (shown.text, history.text, asked.text, str(snapshot)):
        assert [each for each in SECRETS if each in text] == []
    assert snapshot.data.model_dump()["status"] == "erased"


async def test_an_erased_number_is_free(running: Running) -> None:
    await erase(running, await created(running))
    answer = await running.create(secret_content())
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("path", "body"), [("cancel", {"reason": "mistake"}), ("licences", {"counts": {"bookkeeping": 1}})]
)
async def test_what_was_asked_and_is_sent_again_after_the_erasure_is_answered_as_before_but_blank(
    running: Running, path: str, body: dict[str, Any]
) -> None:
    client_id = (await running.create(secret_content())).json()["client_id"]
    headers = running.token() | {"Idempotency-Key": "k-asked"}
    place = f"/v1/clients/{client_id}/{path}"
    asked = await running.http.post(place, json=body, headers=headers)
    assert asked.status_code == 202, asked.text
    await running.hear(told(LISTED, client_id, 1), told(CANCELLED, client_id, 2))
    assert (await erase(running, client_id)).status_code == 200
    again = await running.http.post(place, json=body, headers=headers)
    assert (again.status_code, again.headers["Location"]) == (202, asked.headers["Location"])
    assert {name: again.json().get(name) for name in ("request_id", "by")} == {
        "request_id": asked.json()["request_id"],
        "by": None,
    }


async def test_erasing_twice_answers_the_same_and_says_it_once(running: Running) -> None:
    client_id = await created(running)
    first, again = [await erase(running, client_id) for _ in range(2)]
    assert (again.status_code, again.json()) == (200, first.json())
    erased = [each for each in await running.said("client-events") if each["type"].endswith("client.erased.v1")]
    assert len(erased) == 1


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({"roles": ["client_manager"]}, 403, "agency_admin_required"),
        ({"client": "c-1"}, 403, "agency_admin_required"),
        ({"roles": ["operator"], "client": "c-1"}, 403, "agency_admin_required"),
        ({"agency": "byra-tva"}, 404, "not_found"),
    ],
)
async def test_others_erase_nothing(running: Running, claims: dict[str, Any], status: int, code: str) -> None:
    client_id = await created(running)
    answer = await erase(running, client_id, **claims)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(await running.rows("select from vault")) == 1


async def test_an_operator_erases_for_any_agency(running: Running) -> None:
    client_id = await created(running)
    assert (await erase(running, client_id, roles=["operator"], agency="drift")).status_code == 200


@pytest.mark.parametrize("status", ["submitted", "listed", "active", "disconnecting"])
async def test_a_client_in_use_is_not_erased(running: Running, status: str) -> None:
    client_id = await created(running)
    await running.context.database.execute("update clients set status = $1", status)
    answer = await erase(running, client_id)
    assert answer.status_code == 409
    assert answer.json()["code"] == "client_active"


async def test_what_comes_late_brings_neither_names_nor_life_back(running: Running) -> None:
    client_id = await created(running)
    await erase(running, client_id)
    await running.hear(told(ACTIVATED, client_id, 3, activated_by={"sub": "karin", "name": "Karin"}))
    assert await found(running) == []
    (row,) = await running.rows("select status from clients")
    assert row["status"] == "erased"
    for path, body in (("cancel", {"reason": "mistake"}), ("identity/reveal", {"reason": "other"})):
        headers = running.token(**ADMIN) | {"Idempotency-Key": f"late-{path}"}
        answer = await running.http.post(f"/v1/clients/{client_id}/{path}", json=body, headers=headers)
        assert answer.status_code == 409, path


async def test_a_client_of_a_source_is_erased_with_what_its_request_left(running: Running) -> None:
    sent = secret_content()
    sent["details"]["identity"] = {
        "kind": "association_without_orgnr",
        "number_jwe": await jwe(running),
        "responsible_person": "Berit Berg",
    }
    await running.ask(cloud_event(data={"agency": "byra-ett"} | sent))
    ((kind, accepted),) = await running.results()
    assert kind == "accepted"
    await running.hear(told(CANCELLED, accepted["client_id"], 1))
    assert (await erase(running, accepted["client_id"])).status_code == 200
    assert await found(running) == []
    await running.ask(cloud_event(data={"agency": "byra-ett"} | sent))
    assert await found(running) == []
