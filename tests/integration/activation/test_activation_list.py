"""The activation list over HTTP: whose, in which order, and what is found."""

from typing import Any
from uuid import UUID

import pytest

from chassis.ids import uuid7
from services.activation.__main__ import SERVICE
from tests.integration.activation.running import Running
from tests.unit.activation.events import cancellation, created, envelope


async def get(running: Running, query: str = "", **claims: Any) -> dict[str, Any]:
    answer = await running.http.get(f"/v1/activations{query}", headers=running.token(**claims))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def listed(running: Running, *names: str, **changes: Any) -> list[UUID]:
    ids = [uuid7() for _ in names]
    for client_id, name in zip(ids, names, strict=True):
        await running.hear(created(client_id=client_id, name=name, **changes))
    return ids


def names(page: dict[str, Any]) -> list[str]:
    return [item["client_name"] for item in page["items"]]


async def test_an_entry_shows_who_made_it_and_what_was_ordered(running: Running) -> None:
    (client_id,) = await listed(running, "Exempelbolaget AB", responsible_consultant="erik", test=True)

    (item,) = (await get(running))["items"]

    listed_at = item.pop("listed_at")
    assert listed_at
    assert item == {
        "client_id": str(client_id),
        "client_name": "Exempelbolaget AB",
        "status": "pending",
        "origin": "wizard",
        "test": True,
        "created_at": "2026-11-24T10:00:00Z",
        "age_days": 0,
        "created_by": {"sub": "karin", "name": "Karin Karlsson"},
        "responsible_consultant": "erik",
        "program_access": True,
        "counts": {"bookkeeping": 2, "invoicing": 1},
        "activated_by": None,
        "activated_at": None,
    }
    one = await running.http.get(f"/v1/activations/{client_id}", headers=running.token())
    assert one.json() == {**item, "listed_at": listed_at}


async def test_the_newest_stand_first_and_pages_follow_without_gap_or_repeat(running: Running) -> None:
    await listed(running, "A", "B")
    await running.hear(*(created(client_id=uuid7(), name=name) for name in "CDE"))  # listed at the same moment

    seen, cursor = [], ""
    for _ in range(3):
        page = await get(running, f"?limit=2{cursor}")
        seen += names(page)
        cursor = f"&cursor={page['next']}"

    assert page["next"] is None
    assert sorted(seen[:3]) == ["C", "D", "E"]
    assert seen[3:] == ["B", "A"]


async def test_names_are_found_in_any_case_and_anywhere(running: Running) -> None:
    await listed(running, "Åkes Åkeri AB", "Lönebolaget 100% AB", "Exempel AB")

    assert names(await get(running, "?q=åKERI")) == ["Åkes Åkeri AB"]
    assert names(await get(running, "?q=0%25 a")) == ["Lönebolaget 100% AB"]
    assert names(await get(running, "?q=_")) == []


async def test_the_list_shows_those_that_wait_unless_asked_otherwise(running: Running) -> None:
    _, active, cancelled = await listed(running, "Väntar", "Aktiv", "Makulerad")
    await running.activate(active)
    await running.hear(envelope(cancellation(client_id=cancelled).data, version=2))

    assert names(await get(running)) == ["Väntar"]
    assert names(await get(running, "?status=activated")) == ["Aktiv"]
    assert names(await get(running, "?status=cancelled")) == ["Makulerad"]
    assert names(await get(running, "?status=all")) == ["Makulerad", "Aktiv", "Väntar"]
    assert names(await get(running, "?status=all&limit=1&q=väntar")) == ["Väntar"]


async def test_another_agency_sees_nothing_of_it(running: Running) -> None:
    (client_id,) = await listed(running, "Exempelbolaget AB")
    other = running.token(agency="byra-tva")

    assert (await get(running, "?status=all", agency="byra-tva"))["items"] == []
    for answer in (
        await running.http.get(f"/v1/activations/{client_id}", headers=other),
        await running.http.post(f"/v1/activations/{client_id}/activate", headers=other),
        await running.http.get(f"/v1/activations/{uuid7()}", headers=other),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "Exempelbolaget" not in answer.text


@pytest.mark.parametrize("claims", [{"client": str(uuid7())}, {"roles": []}], ids=["client's user", "no role"])
async def test_who_is_not_staff_does_not_see_the_list(running: Running, claims: dict[str, Any]) -> None:
    (client_id,) = await listed(running, "Exempelbolaget AB")

    for path in ("/v1/activations", f"/v1/activations/{client_id}"):
        answer = await running.http.get(path, headers=running.token(**claims))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_an_administrator_without_the_role_may_look_and_not_activate(running: Running) -> None:
    (client_id,) = await listed(running, "Exempelbolaget AB")
    anna = running.token("anna", roles=["agency_admin"])

    assert (await running.http.get("/v1/activations", headers=anna)).status_code == 200
    answer = await running.http.post(f"/v1/activations/{client_id}/activate", headers=anna)
    assert (answer.status_code, answer.json()["code"]) == (403, "activation_not_allowed")


async def test_nobody_without_a_token_gets_in(running: Running) -> None:
    assert (await running.http.get("/v1/activations")).status_code == 401


@pytest.mark.parametrize("query", ["?limit=0", "?limit=201", "?status=open", "?cursor=abc"])
async def test_a_question_that_makes_no_sense_is_refused(running: Running, query: str) -> None:
    answer = await running.http.get(f"/v1/activations{query}", headers=running.token())

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("query", "code"), [("?q=a%00b", "invalid_value"), ("?q=a%0Ab", "invalid_value"), ("?cursor=abc", "invalid_cursor")]
)
async def test_words_and_markers_that_cannot_be_are_refused_by_name(running: Running, query: str, code: str) -> None:
    answer = await running.http.get(f"/v1/activations{query}", headers=running.token())

    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_clients_user_does_not_activate(running: Running) -> None:
    (client_id,) = await listed(running, "Exempelbolaget AB")
    users = running.token(client=str(client_id))

    answer = await running.http.post(f"/v1/activations/{client_id}/activate", headers=users)

    assert (answer.status_code, answer.json()["code"]) == (403, "activation_not_allowed")


async def test_a_clients_way_can_be_traced_by_client_and_by_correlation(running: Running) -> None:
    client_id = uuid7()
    await running.hear(created("from-upstream", client_id=client_id))
    await running.activate(client_id)
    trace, database = SERVICE.trace, running.context.database
    assert trace is not None

    by_client = await trace(database, str(client_id), None)

    assert [step.what for step in by_client] == ["activation.listed", "activation.activated"]
    assert by_client[1].detail["by"] == "karin"
    assert await trace(database, None, "from-upstream") == by_client
    assert await trace(database, "from-upstream", "from-upstream") == by_client  # one word, either may be meant
    assert await trace(database, str(uuid7()), None) == []
    assert await trace(database, "no-id", None) == []
