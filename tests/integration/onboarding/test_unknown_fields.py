"""PROMISE: a field that we do not know is never refused and never dropped in silence, by whichever way it came."""

from typing import Any

import pytest

from tests.integration.onboarding.census import fresh, number_of
from tests.integration.onboarding.census_by_file import row_of
from tests.integration.onboarding.guide import Guide
from tests.integration.onboarding.reading import Reading
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import cloud_event

WARNED = [{"pointer": "/details/nmae", "code": "unknown_field"}, {"pointer": "/colour", "code": "unknown_field"}]


def misspelt(**details: Any) -> dict[str, Any]:
    """A content that is right but for two names; or wrong too, where details are changed."""
    sent = number_of(fresh())
    return {**sent, "colour": "blue", "details": {**sent["details"], "nmae": "Bolaget", **details}}


def places(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The warnings without texts; sorted, since a file has its columns in another order."""
    warnings = told.get("warnings", [])
    return sorted(({"pointer": w["pointer"], "code": w["code"]} for w in warnings), key=str, reverse=True)


@pytest.fixture(autouse=True)
async def _agency(running: Running) -> None:
    await running.register_agency()


async def test_a_person_who_creates_a_client_is_warned_refused_or_not(running: Running) -> None:
    for details, status in (({}, 201), ({"name": ""}, 422)):
        answer = await running.create(misspelt(**details))
        assert answer.status_code == status
        assert places(answer.json()) == WARNED


async def test_a_draft_warns_of_what_it_keeps_and_of_what_was_just_sent(running: Running) -> None:
    sent = misspelt()
    guide = await Guide.begun(running, sent)
    assert places(guide.draft) == WARNED
    assert places((await guide.read()).json()) == WARNED[:1]
    await guide.put(2, sent["details"], colour="blue")
    assert places(guide.draft) == WARNED
    assert places((await guide.submit(colour="blue")).json()) == WARNED[1:]


COLOUR = [{"pointer": "/colour", "code": "unknown_field"}]
ADMIN: dict[str, Any] = {"sub": "anna", "roles": ["agency_admin"]}
AGENCY: dict[str, Any] = {"name": "Byrå Ett", "colour": None}
CONSULTANT: dict[str, Any] = {"name": "Erik", "email": "e@byra.se", "roles": ["client_manager"], "colour": "blue"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("byra-ett", AGENCY, 200),
        ("byra-ett", AGENCY | {"name": ""}, 422),
        ("byra-ett/consultants/erik", CONSULTANT, 201),
        ("byra-ett/consultants/erik", CONSULTANT | {"email": "e"}, 422),
    ],
)
async def test_who_keeps_the_directory_is_warned_refused_or_not(
    running: Running, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await running.http.put(f"/v1/agencies/{path}", json=body, headers=running.token(**ADMIN))
    assert answer.status_code == status
    assert places(answer.json()) == COLOUR


async def test_who_sets_up_a_source_is_warned_refused_or_not(reading: Reading) -> None:
    await reading.make_topics("bolag")
    headers = reading.operator()
    for method, more, status in (
        ("PUT", {"may": []}, 422),
        ("PUT", {}, 201),
        ("PATCH", {"may": ["nothing"]}, 422),
        ("PATCH", {}, 200),
    ):
        body = {"agencies": ["byra-ett"], "colour": None, **more}
        answer = await reading.http.request(method, "/v1/sources/bolag", json=body, headers=headers)
        assert answer.status_code == status
        assert places(answer.json()) == COLOUR
    untold = await reading.http.get("/v1/sources/bolag", headers=headers)
    assert "warnings" not in untold.json()


@pytest.mark.parametrize(
    ("act", "body"), [("cancel", {"reason": "mistake"}), ("licences", {"counts": {"bookkeeping": 3}})]
)
async def test_who_asks_for_something_is_warned_refused_or_not_and_each_time_again(
    running: Running, act: str, body: dict[str, Any]
) -> None:
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    for sent, status in (({"reason": "whim"}, 422), (body, 202), (body, 202)):
        headers = running.token() | {"Idempotency-Key": f"key-{status}"}
        path = f"/v1/clients/{client_id}/{act}"
        answer = await running.http.post(path, json=sent | {"colour": "blue"}, headers=headers)
        assert answer.status_code == status
        assert places(answer.json()) == COLOUR
    untold = await running.http.get(answer.headers["Location"], headers=running.token())
    assert "warnings" not in untold.json()


async def test_who_says_who_a_client_is_is_warned_refused_or_not(running: Running) -> None:
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    known = (await running.http.get(f"/v1/clients/{client_id}", headers=running.token())).json()["identity"]
    for number, status in (("1", 422), (known["number"], 200)):
        identity = {"kind": known["kind"], "number": number, "sort": "x"}
        body = {"details": {"identity": identity, "name": "Bolaget"}, "colour": "blue"}
        headers = running.token() | {"If-Match": '"1"'}
        answer = await running.http.post(f"/v1/clients/{client_id}/identity", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        assert [each["pointer"] for each in places(answer.json())] == [
            "/details/name",
            "/details/identity/sort",
            "/colour",
        ]


async def test_who_has_a_number_shown_is_warned_refused_or_not(running: Running) -> None:
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    for reason, status in (("whim", 422), ("support", 200)):
        path, body = f"/v1/clients/{client_id}/identity/reveal", {"reason": reason, "colour": "blue"}
        answer = await running.http.post(path, json=body, headers=running.token(**ADMIN))
        assert answer.status_code == status, answer.text
        assert places(answer.json()) == COLOUR


async def test_a_row_of_a_file_is_warned_of_its_columns(running: Running) -> None:
    for details, status in (({}, "created"), ({"name": ""}, "refused")):
        row = await row_of(running, misspelt(**details))
        assert row["status"] == status
        assert places(row) == WARNED
        assert {each["column"] for each in row["warnings"]} == {"details.nmae", "colour"}


async def test_a_source_is_warned_with_its_answer_and_each_time_again(running: Running) -> None:
    for details, kind in (({}, "accepted"), ({"name": ""}, "rejected")):
        asked = cloud_event(f"evt-{kind}", data={"agency": "byra-ett", **misspelt(**details)})
        await running.ask(asked)
        await running.ask(asked)
        (first_kind, first), again = (await running.results())[-2:]
        assert (first_kind, places(first)) == (kind, WARNED)
        assert again == (first_kind, first)
        shown = await running.http.get(
            f"/v1/intake/demo/evt-{kind}", headers=running.token(agency="drift", roles=["operator"])
        )
        assert places(shown.json()) == WARNED


async def test_a_field_that_is_not_known_makes_no_other_content_of_a_request(running: Running) -> None:
    asked = cloud_event("evt-1", data={"agency": "byra-ett", **number_of(fresh())})
    await running.ask(asked)
    await running.ask({**asked, "data": {**asked["data"], "colour": "blue"}})  # as one that was sent before we warned
    first, again = await running.results()
    assert again == first
