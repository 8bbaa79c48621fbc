"""What people ask of activation over HTTP: asked once, answered at a URL, one question of a kind at a time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from schemas.activation import ActivationCancellationRefusedV1
from schemas.licences import LicencesChangedV1, LicencesChangeRefusedV1
from schemas.values import Pointer
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.test_intake import numbered, told
from tests.unit.onboarding.contents import cloud_event, content
from tests.unit.onboarding.test_progress import ACTIVATED, CANCELLED, LISTED, SCOPE


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)


@pytest.fixture
async def client_id(running: Running) -> str:
    return str((await running.create(content())).json()["client_id"])


async def ask(
    running: Running, client_id: str, act: str, body: dict[str, Any], key: str | None = None, **claims: Any
) -> httpx.Response:
    headers = running.token(**claims) | {"Idempotency-Key": key or str(uuid4())}
    return await running.http.post(f"/v1/clients/{client_id}/{act}", json=body, headers=headers)


async def at(running: Running, answer: httpx.Response) -> dict[str, Any]:
    """What stands at the URL that an answer named."""
    found = await running.http.get(answer.headers["Location"], headers=running.token())
    assert found.status_code == 200, found.text
    return dict(found.json())


async def test_a_cancellation_waits_and_is_done_once_activation_says_so(running: Running, client_id: str) -> None:
    answer = await ask(running, client_id, "cancel", {"reason": "mistake"})
    assert answer.status_code == 202, answer.text
    assert (answer.json()["state"], answer.json()["asked"]) == ("pending", {"reason": "mistake"})
    assert await at(running, answer) == answer.json()
    asked = (await running.said("client-events"))[-1]
    assert (asked["type"], asked["sequence"]) == ("se.aktivera.client.cancellation_requested.v1", "2")
    assert asked["data"]["requested_by"] == {"kind": "user", "id": "karin", "name": "Karin"}
    request_id = answer.json()["request_id"]
    await running.hear(told(LISTED, client_id, 1), told(CANCELLED, client_id, 2, request_id=request_id))
    settled = await at(running, answer)
    assert (settled["state"], settled["code"]) == ("done", None)
    again = await ask(running, client_id, "cancel", {"reason": "mistake"})
    assert (again.status_code, again.json()["code"]) == (409, "invalid_transition")
    assert (again.json()["from"], again.json()["to"], again.json()["allowed"]) == ("cancelled", "cancelled", ["erased"])


async def test_a_cancellation_that_comes_too_late_says_who_was_quicker(running: Running, client_id: str) -> None:
    answer = await ask(running, client_id, "cancel", {"reason": "mistake"})
    refused = ActivationCancellationRefusedV1(
        **SCOPE, request_id=UUID(answer.json()["request_id"]), code="already_activated"
    )
    await running.hear(told(LISTED, client_id, 1), told(ACTIVATED, client_id, 2), told(refused, client_id, 3))
    settled = await at(running, answer)
    assert (settled["state"], settled["code"]) == ("refused", "already_activated")
    assert "activated by Karin (2026-11-24 11:00 UTC)" in settled["detail_en"]
    late = await ask(running, client_id, "cancel", {"reason": "mistake"})
    assert (late.status_code, late.json()["code"], late.json()["activated_by"]) == (409, "already_activated", "Karin")


async def test_refused_licences_are_shown_with_their_places_and_numbers(running: Running, client_id: str) -> None:
    answer = await ask(running, client_id, "licences", {"counts": {"bookkeeping": 0}, "reason": "ended"})
    assert answer.status_code == 202, answer.text
    refused = LicencesChangeRefusedV1(
        **SCOPE,
        request_id=UUID(answer.json()["request_id"]),
        code="licences_in_use",
        errors=[Pointer(pointer="/counts/bookkeeping", code="licences_in_use")],
        assigned=2,
        reserved=1,
    )
    await running.hear(told(LISTED, client_id, 1), told(refused, client_id, 2))
    settled = await at(running, answer)
    assert (settled["state"], settled["code"]) == ("refused", "licences_in_use")
    assert "2 are in use and 1 are reserved" in settled["detail_en"]
    assert [each["pointer"] for each in settled["errors"]] == ["/counts/bookkeeping"]


async def test_changed_licences_are_done_and_access_is_shown_as_it_now_is(running: Running, client_id: str) -> None:
    answer = await ask(running, client_id, "licences", {"program_access": False})
    changed = LicencesChangedV1(
        **SCOPE,
        request_id=UUID(answer.json()["request_id"]),
        program_access=False,
        licences=[],
        scheduled=[],
    )
    await running.hear(told(LISTED, client_id, 1), told(changed, client_id, 2))
    assert (await at(running, answer))["state"] == "done"
    shown = await running.http.get(f"/v1/clients/{client_id}", headers=running.token())
    assert shown.json()["access"]["program_access"] is False


async def test_of_many_who_ask_at_once_one_question_waits(running: Running, client_id: str) -> None:
    answers = await asyncio.gather(*(ask(running, client_id, "cancel", {"reason": "mistake"}) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [202] + [409] * 5
    (asked,) = [each.json() for each in answers if each.status_code == 202]
    refused = [each.json() for each in answers if each.status_code == 409]
    assert {(each["code"], each["request_id"]) for each in refused} == {("request_pending", asked["request_id"])}
    assert (await ask(running, client_id, "licences", {"counts": {"bookkeeping": 1}})).status_code == 202
    assert [each["sequence"] for each in await running.said("client-events")] == ["1", "2", "3"]


async def test_changes_and_questions_at_once_have_versions_of_their_own(running: Running, client_id: str) -> None:
    async def change(number: int) -> httpx.Response:
        url, headers = f"/v1/clients/{client_id}", running.token(f"k{number}") | {"If-Match": '"1"'}
        return await running.http.patch(url, json={"details": {"name": f"Namn {number} AB"}}, headers=headers)

    answers = await asyncio.gather(
        *(change(number) for number in range(3)),
        ask(running, client_id, "cancel", {"reason": "mistake"}),
        ask(running, client_id, "licences", {"counts": {"bookkeeping": 1}}),
    )
    assert sorted(each.status_code for each in answers) == [200, 202, 202, 412, 412]
    assert [each["sequence"] for each in await running.said("client-events")] == ["1", "2", "3", "4"]
    assert [row["version"] for row in await running.rows("select version from clients")] == [4]


async def test_the_same_key_asks_once_and_no_key_asks_nothing(running: Running, client_id: str) -> None:
    first, again = [await ask(running, client_id, "cancel", {"reason": "mistake"}, "k-1") for _ in range(2)]
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    other = await ask(running, client_id, "cancel", {"reason": "other"}, "k-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await running.said("client-events")) == 2
    for act in ("cancel", "licences"):
        answer = await running.http.post(f"/v1/clients/{client_id}/{act}", json={}, headers=running.token())
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


async def test_another_agency_asks_nothing_and_reads_nothing(running: Running, client_id: str) -> None:
    answer = await ask(running, client_id, "cancel", {"reason": "mistake"}, agency="byra-tva")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    mine = await ask(running, client_id, "cancel", {"reason": "mistake"})
    for url in (mine.headers["Location"], f"/v1/clients/{client_id}/requests"):
        assert (await running.http.get(url, headers=running.token(agency="byra-tva"))).status_code == 404
    assert (await ask(running, client_id, "cancel", {"reason": "mistake"}, roles=["operator"])).status_code == 403
    unknown = f"/v1/clients/{client_id}/requests/{uuid4()}"
    assert (await running.http.get(unknown, headers=running.token())).status_code == 404


async def test_what_was_asked_is_listed_newest_first(running: Running, client_id: str) -> None:
    await ask(running, client_id, "cancel", {"reason": "mistake"})
    await ask(running, client_id, "licences", {"counts": {"bookkeeping": 1}})
    url = f"/v1/clients/{client_id}/requests"
    page = (await running.http.get(url, params={"limit": 1}, headers=running.token())).json()
    rest = (await running.http.get(url, params={"cursor": page["next"]}, headers=running.token())).json()
    assert [each["kind"] for each in page["items"] + rest["items"]] == ["licences", "cancellation"]
    assert rest["next"] is None


async def test_a_question_that_nobody_answers_stands_in_the_way_for_a_day(running: Running, client_id: str) -> None:
    first = await ask(running, client_id, "cancel", {"reason": "mistake"})
    await running.context.database.pool.execute(
        "update client_requests set asked_at = asked_at - $1::interval", timedelta(days=1)
    )
    second = await ask(running, client_id, "cancel", {"reason": "duplicate"})
    assert second.status_code == 202, second.text
    assert (await at(running, first))["state"] == "unanswered"


async def test_a_source_is_told_at_once_what_onboarding_knows_and_later_what_activation_decides(
    running: Running,
) -> None:
    def cancel(event_id: str) -> dict[str, Any]:
        data = {"external_ref": "ref-1", "reason": "withdrawn"}
        return cloud_event(event_id, type="se.aktivera.onboarding.cancellation_requested.v1", data=data)

    await running.ask(numbered(1), cancel("evt-c"))
    (row,) = await running.rows("select client_id, command_id from requests where command_id is not null")
    refused = ActivationCancellationRefusedV1(**SCOPE, request_id=row["command_id"], code="already_activated")
    known = str(row["client_id"])
    await running.hear(told(LISTED, known, 1), told(ACTIVATED, known, 2), told(refused, known, 3))
    await running.ask(cancel("evt-d"))
    results = [(kind, data["request_id"], data.get("code")) for kind, data in await running.results()]
    assert results == [
        ("accepted", "evt-1", None),
        ("accepted", "evt-c", None),
        ("listed", "evt-1", None),
        ("activated", "evt-1", None),
        ("rejected", "evt-c", "already_activated"),
        ("rejected", "evt-d", "already_activated"),
    ]
