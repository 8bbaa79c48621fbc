"""PROMISE: a field that we do not know is never refused and never dropped in silence, by whichever way it came."""

from typing import Any

import pytest

from tests.integration.onboarding.census import fresh, number_of
from tests.integration.onboarding.census_by_file import row_of
from tests.integration.onboarding.guide import Guide
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import cloud_event

WARNED = [{"pointer": "/details/nmae", "code": "unknown_field"}, {"pointer": "/colour", "code": "unknown_field"}]


def misspelt(**details: Any) -> dict[str, Any]:
    """A content that is right but for two names; or wrong too, where details are changed."""
    sent = number_of(fresh())
    return {**sent, "colour": "blue", "details": {**sent["details"], "nmae": "Bolaget", **details}}


def places(warnings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without texts; sorted, since a file has its columns in another order."""
    return sorted(({"pointer": w["pointer"], "code": w["code"]} for w in warnings), key=str, reverse=True)


@pytest.fixture(autouse=True)
async def _agency(running: Running) -> None:
    await running.register_agency()


async def test_a_person_who_creates_a_client_is_warned_refused_or_not(running: Running) -> None:
    for details, status in (({}, 201), ({"name": ""}, 422)):
        answer = await running.create(misspelt(**details))
        assert answer.status_code == status
        assert places(answer.json()["warnings"]) == WARNED


async def test_a_draft_warns_of_what_it_keeps_and_of_what_was_just_sent(running: Running) -> None:
    sent = misspelt()
    guide = await Guide.begun(running, sent)
    assert places(guide.draft["warnings"]) == WARNED
    assert places((await guide.read()).json()["warnings"]) == WARNED[:1]
    await guide.put(2, sent["details"], colour="blue")
    assert places(guide.draft["warnings"]) == WARNED
    assert places((await guide.submit(colour="blue")).json()["warnings"]) == WARNED[1:]


async def test_a_row_of_a_file_is_warned_of_its_columns(running: Running) -> None:
    for details, status in (({}, "created"), ({"name": ""}, "refused")):
        row = await row_of(running, misspelt(**details))
        assert row["status"] == status
        assert places(row["warnings"]) == WARNED
        assert {each["column"] for each in row["warnings"]} == {"details.nmae", "colour"}


async def test_a_source_is_warned_with_its_answer_and_each_time_again(running: Running) -> None:
    for details, kind in (({}, "accepted"), ({"name": ""}, "rejected")):
        asked = cloud_event(f"evt-{kind}", data={"agency": "byra-ett", **misspelt(**details)})
        await running.ask(asked)
        await running.ask(asked)
        (first_kind, first), again = (await running.results())[-2:]
        assert (first_kind, places(first["warnings"])) == (kind, WARNED)
        assert again == (first_kind, first)
        shown = await running.http.get(
            f"/v1/intake/demo/evt-{kind}", headers=running.token(agency="drift", roles=["operator"])
        )
        assert places(shown.json()["warnings"]) == WARNED


async def test_a_field_that_is_not_known_makes_no_other_content_of_a_request(running: Running) -> None:
    asked = cloud_event("evt-1", data={"agency": "byra-ett", **number_of(fresh())})
    await running.ask(asked)
    await running.ask({**asked, "data": {**asked["data"], "colour": "blue"}})  # as one that was sent before we warned
    first, again = await running.results()
    assert again == first
