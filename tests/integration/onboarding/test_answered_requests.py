"""What activation answered to a source's request is shown with it, and finds who asked even long afterwards."""

from typing import Any
from uuid import UUID

from schemas.licences import LicencesChangedV1, LicencesChangeRefusedV1
from tests.integration.onboarding.running import SOURCE, Running
from tests.integration.onboarding.test_intake import numbered, told
from tests.unit.onboarding.contents import cloud_event, content
from tests.unit.onboarding.test_progress import ACTIVATED, CANCELLED, LISTED, SCOPE

CHANGED = LicencesChangedV1(**SCOPE, program_access=True, licences=[], scheduled=[])
REFUSED = LicencesChangeRefusedV1(**SCOPE, request_id=UUID(int=1), code="program_retired", errors=[])


async def test_what_activation_answered_to_a_request_is_shown_with_it(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1))
    await running.ask(_licences("evt-a"), _licences("evt-b"))
    await running.ask(_cancellation("evt-c"))
    commands = {row["request_id"]: row for row in await running.rows("select * from requests")}
    client_id = str(commands["evt-1"]["client_id"])
    refused = {"errors": [{"pointer": "/counts/invoicing", "code": "program_retired"}], "code": "program_retired"}
    sent = [(CHANGED, "evt-a", {}), (REFUSED, "evt-b", refused), (CANCELLED, "evt-c", {}), (REFUSED, "evt-a", refused)]
    await running.hear(
        told(LISTED, client_id, 1),
        *(
            told(data, client_id, version, request_id=commands[name]["command_id"], **more)
            for version, (data, name, more) in enumerate(sent, 2)
        ),
    )
    operator = running.token(agency="drift", roles=["operator"])
    shown = {name: (await running.http.get(f"/v1/intake/demo/{name}", headers=operator)).json() for name in commands}
    assert {name: (each["status"], each["code"], each["errors"]) for name, each in shown.items()} == {
        "evt-1": ("accepted", None, []),
        "evt-a": ("rejected", "program_retired", refused["errors"]),
        "evt-b": ("rejected", "program_retired", refused["errors"]),
        "evt-c": ("cancelled", None, []),
    }
    assert [(each["what"], each["code"]) for each in shown["evt-a"]["answers"]] == [
        ("accepted", None),
        ("licences_changed", None),
        ("rejected", "program_retired"),
    ]
    assert {each["what"]: each["detail"].get("code") for each in await _traced(running, "evt-a")} == {
        "onboarding.requested": None,
        "onboarding.accepted": None,
        "onboarding.licences_changed": None,
        "onboarding.rejected": "program_retired",
    }


async def test_a_trace_names_the_code_of_a_rejection_and_each_of_several_places(running: Running) -> None:
    await running.register_agency()
    wrong = {"agency": "byra-ett", **content(details__name="", licences__confirmation_email="x")}
    await running.ask(cloud_event("evt-w", data=wrong))
    assert (await _traced(running, "evt-w"))[-1]["detail"] == {
        "source": SOURCE,
        "request_id": "evt-w",
        "correlation_id": "evt-w",
        "code": "invalid_content",
        "places": "/details/name: required, /licences/confirmation_email: invalid_email",
    }


async def test_a_source_that_cancels_an_activated_client_is_told_by_whom_and_when(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1))
    client_id = (await running.results())[0][1]["client_id"]
    await running.hear(told(LISTED, client_id, 1), told(ACTIVATED, client_id, 2))
    await running.ask(_cancellation("evt-c"))
    await running.ask(_cancellation("evt-c"))
    first, again = (data for kind, data in await running.results() if kind == "rejected")
    assert f"by Karin ({ACTIVATED.activated_at:%Y-%m-%d %H:%M} UTC)" in first["detail_en"]
    assert again == first
    (row,) = await running.rows("select * from requests where request_id = 'evt-c'")
    assert "Karin" not in str(tuple(row.values()))


async def test_a_change_on_a_day_far_ahead_still_finds_who_asked_for_it(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1))
    on_a_day = _licences("evt-l")
    on_a_day["data"]["effective_at"] = "2099-12-01T00:00:00+01:00"
    await running.ask(on_a_day)
    await running.context.database.execute("update requests set received_at = received_at - interval '60 days'")
    job = next(
        each for each in running.context.service.jobs(running.context.settings) if each.name == "forget-requests"
    )
    async with running.context.database.unit_of_work() as uow:
        assert await job.work(uow) == 1
    (row,) = await running.rows("select client_id, command_id, request_id from requests")
    changed = told(CHANGED, str(row["client_id"]), 2, request_id=row["command_id"])
    await running.hear(told(LISTED, str(row["client_id"]), 1), changed)
    kind, data = (await running.results())[-1]
    assert (kind, data["request_id"]) == ("licences_changed", "evt-l")
    await running.context.database.execute("update requests set effective_at = now() - interval '46 days'")
    async with running.context.database.unit_of_work() as uow:
        assert await job.work(uow) == 1


async def _traced(running: Running, correlation_id: str) -> Any:
    """The steps of a request as `aktivera trace` gets them."""
    operator = running.token(agency="drift", roles=["operator"])
    answer = await running.http.get(f"/v1/operations/trace?correlation_id={correlation_id}", headers=operator)
    return answer.json()["steps"]


def _licences(event_id: str) -> dict[str, Any]:
    data = {"external_ref": "ref-1", "counts": {"bookkeeping": 5}}
    return cloud_event(event_id, type="se.aktivera.onboarding.licences_change_requested.v1", data=data)


def _cancellation(event_id: str) -> dict[str, Any]:
    data = {"external_ref": "ref-1", "reason": "withdrawn"}
    return cloud_event(event_id, type="se.aktivera.onboarding.cancellation_requested.v1", data=data)
