"""Upstream requests: one client each, answered again the same, bad ones refused and never in anybody's way."""

from typing import Any

import orjson

from schemas.catalogue import CATALOGUE
from schemas.envelope import Envelope, EventData
from tests.integration.in_process import Heard
from tests.integration.onboarding.running import REQUESTS, Running
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import NOW, cloud_event, content, organisation
from tests.unit.onboarding.test_progress import ACTIVATED, CANCELLED, CONFIGURED, LISTED


def numbered(number: int, **data: Any) -> dict[str, Any]:
    """A request of its own: id, reference and organisation number made of a running number."""
    sent = content(details__identity__number=organisation(number))
    return cloud_event(
        f"evt-{number}",
        correlationid=f"corr-{number}",
        data={"agency": "byra-ett", "external_ref": f"ref-{number}", **sent, **data},
    )


def told(event: EventData, client_id: str, version: int, **changes: Any) -> Envelope[Any]:
    """What activation says of a client."""
    data = type(event).model_validate(event.model_dump() | {"client_id": client_id, **changes})
    return Envelope.model_construct(
        specversion="1.0",
        id=f"act-{version}",
        source="/aktivera/activation",
        type=CATALOGUE.type_of(event).wire_type,
        subject=client_id,
        time=NOW,
        datacontenttype="application/json",
        sequence=str(version),
        correlationid="other",
        data=data,
    )


async def test_a_request_becomes_a_client_and_is_accepted_in_one_transaction(running: Running) -> None:
    await running.register_agency()
    outcome = await running.ask(numbered(1))
    assert (outcome.applied, outcome.holds) == (1, [])
    ((kind, accepted),) = await running.results()
    (created,) = await running.said("client-events")
    assert kind == "accepted"
    assert accepted["client_id"] == created["subject"]
    assert (accepted["request_id"], accepted["external_ref"]) == ("evt-1", "ref-1")
    assert created["correlationid"] == "corr-1"
    assert created["causationid"] == "evt-1"


async def test_replaying_everything_changes_nothing_and_repeats_the_answers(running: Running) -> None:
    await running.register_agency()
    everything = [numbered(n) for n in range(4)] + [numbered(9, details=None), numbered(10, agency="okänd")]
    await running.ask(*everything)
    tables = ("clients", "vault", "agencies", "requests")
    before = [await running.rows(f"select * from {table} order by 1, 2") for table in tables]
    answers = await running.results()
    await running.ask(*everything)
    await running.ask(*reversed(everything))
    assert before == [await running.rows(f"select * from {table} order by 1, 2") for table in tables]
    assert (await running.results())[:12] == answers * 2
    assert len(await running.said("client-events")) == 4


async def test_the_same_request_twice_in_one_batch_makes_one_client(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1), numbered(1))
    assert [kind for kind, _ in await running.results()] == ["accepted", "accepted"]
    assert len(await running.said("client-events")) == 1


async def test_the_same_id_with_other_content_is_refused_even_in_one_batch(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1), numbered(1, locale="en"))
    assert [(kind, data.get("code")) for kind, data in await running.results()] == [
        ("accepted", None),
        ("rejected", "event_id_reused"),
    ]


async def test_two_requests_for_one_number_in_one_batch_make_one_client(running: Running) -> None:
    await running.register_agency()
    same = numbered(1) | {"id": "evt-b"}
    same["data"] = same["data"] | {"external_ref": "ref-b"}
    outcome = await running.ask(*[numbered(n) for n in range(8)], same, *[numbered(n) for n in range(8, 12)])
    assert outcome.holds == []
    results = await running.results()
    assert [kind for kind, _ in results] == ["accepted"] * 8 + ["rejected"] + ["accepted"] * 4
    assert results[8][1]["code"] == "duplicate_client"
    assert results[8][1]["client_id"] == results[1][1]["client_id"]
    assert len(await running.rows("select * from clients")) == 12


async def test_a_new_id_with_a_known_reference_is_already_onboarded(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1))
    await running.ask(numbered(2) | {"data": numbered(2)["data"] | {"external_ref": "ref-1"}})
    (_, accepted), (kind, refused) = await running.results()
    assert (kind, refused["code"], refused["client_id"]) == ("rejected", "already_onboarded", accepted["client_id"])


async def test_an_unknown_agency_is_tried_again_once_it_is_registered(running: Running) -> None:
    await running.ask(numbered(1))
    await running.register_agency()
    await running.ask(numbered(1))
    results = await running.results()
    assert [(kind, data.get("code"), data.get("retryable")) for kind, data in results] == [
        ("rejected", "unknown_agency", True),
        ("accepted", None, None),
    ]


async def test_garbage_holds_or_refuses_its_own_record_alone(running: Running) -> None:
    await running.register_agency()
    garbage = [
        None,
        b"",
        b"hello",
        b"\xff\xfe",
        b"[" * 100_000,
        b"x" * 900_000,
        orjson.dumps(cloud_event("bad-1", type="se.aktivera.onboarding.requested.v9")),
        orjson.dumps(cloud_event("bad-2", data=None)),
        orjson.dumps(cloud_event("bad-3", source="/upstream/other")),
    ]
    records = [Heard(REQUESTS, value, offset=place) for place, value in enumerate(garbage)]
    good = Heard(REQUESTS, orjson.dumps(numbered(1)), offset=99)
    outcome = await running.hear(*records, good)
    assert [hold.reason for hold in outcome.holds] == [
        "malformed_json",
        "malformed_json",
        "malformed_json",
        "malformed_json",
        "too_deep",
        "payload_too_large",
    ]
    assert [(data["request_id"], data.get("code")) for _, data in await running.results()] == [
        ("bad-1", "unsupported_version"),
        ("bad-2", "malformed_event"),
        ("bad-3", "wrong_source"),
        ("evt-1", None),
    ]


async def test_a_personal_number_sent_as_an_id_stands_nowhere_afterwards(running: Running) -> None:
    await running.register_agency()
    number = "811218-9876"
    outcome = await running.ask(
        numbered(1) | {"id": number},
        numbered(2) | {"correlationid": number},
        numbered(3, external_ref=number),
        numbered(4, agency=number),
        numbered(5, details=None) | {"id": "evt-5"},
    )
    assert outcome.holds == []
    assert [(data.get("request_id"), data["code"]) for _, data in await running.results()] == [
        (None, "personal_number_not_allowed"),
        ("evt-2", "personal_number_not_allowed"),
        ("evt-3", "personal_number_not_allowed"),
        ("evt-4", "personal_number_not_allowed"),
        ("evt-5", "required"),
    ]
    for table in ("outbox", "requests", "clients", "held_events"):
        rows = await running.rows(f"select * from {table}")
        assert not tells_number("".join(str(tuple(row.values())) for row in rows)), table


async def test_the_sender_hears_of_each_step_under_its_own_correlation_id(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1))
    client_id = (await running.results())[0][1]["client_id"]
    outcome = await running.hear(
        told(LISTED, client_id, 1), told(ACTIVATED, client_id, 2), told(CONFIGURED, client_id, 3)
    )
    assert outcome.holds == []
    assert [kind for kind, _ in await running.results()] == ["accepted", "listed", "activated", "configured"]
    assert {each["correlationid"] for each in await running.said("onboarding-results")} == {"corr-1"}
    (row,) = await running.rows("select status, version from clients")
    assert (row["status"], row["version"]) == ("active", 1)


async def test_a_cancelled_client_frees_its_number_and_reference(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1))
    client_id = (await running.results())[0][1]["client_id"]
    await running.hear(told(LISTED, client_id, 1), told(CANCELLED, client_id, 2))
    await running.ask(numbered(1) | {"id": "evt-new"})
    assert [kind for kind, _ in await running.results()] == ["accepted", "listed", "cancelled", "accepted"]


async def test_an_event_of_an_unknown_client_is_held(running: Running) -> None:
    outcome = await running.hear(told(LISTED, "0193a5b0-0000-7000-8000-000000000001", 1))
    assert [hold.reason for hold in outcome.holds] == ["unknown_client"]


async def test_a_cancellation_in_the_same_batch_finds_the_client_that_the_batch_makes(running: Running) -> None:
    await running.register_agency()
    cancel = cloud_event(
        "evt-c",
        type="se.aktivera.onboarding.cancellation_requested.v1",
        data={"external_ref": "ref-1", "reason": "withdrawn"},
    )
    licences = cloud_event(
        "evt-l",
        type="se.aktivera.onboarding.licences_change_requested.v1",
        data={"external_ref": "ref-1", "counts": {"bookkeeping": 5}},
    )
    outcome = await running.ask(numbered(1), numbered(2), licences, cancel, numbered(3))
    assert outcome.holds == []
    assert [kind for kind, _ in await running.results()] == ["accepted"] * 5
    said = [each for each in await running.said("client-events") if each["data"].get("name") is None]
    assert [(each["type"].split(".")[3], each["sequence"]) for each in said] == [
        ("licences_change_requested", "2"),
        ("cancellation_requested", "3"),
    ]
    client_id, command_id = said[1]["subject"], said[1]["data"]["request_id"]
    await running.hear(told(LISTED, client_id, 1), told(CANCELLED, client_id, 2, request_id=command_id))
    cancelled = [data["request_id"] for kind, data in await running.results() if kind == "cancelled"]
    assert cancelled == ["evt-1", "evt-c"]


async def test_a_request_can_be_looked_up_by_its_agency_and_by_operators(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1), numbered(2, details=None))
    operator = running.token(agency="drift", roles=["operator"])
    for path in ("/v1/intake/%2Fupstream%2Fdemo/evt-1", "/v1/intake/upstream/demo/evt-1"):
        for headers in (running.token(), operator):
            answer = await running.http.get(path, headers=headers)
            assert answer.status_code == 200, path
            assert answer.json()["status"] == "accepted"
            assert answer.json()["client"]["status"] == "submitted"
    refused = (await running.http.get("/v1/intake/%2Fupstream%2Fdemo/evt-2", headers=operator)).json()
    assert (refused["status"], refused["code"]) == ("rejected", "required")
    assert refused["errors"] == [{"pointer": "/details", "code": "required"}]
    for headers in (running.token(agency="byra-tva"), running.token(client="c-1")):
        answer = await running.http.get("/v1/intake/%2Fupstream%2Fdemo/evt-1", headers=headers)
        assert answer.status_code in {403, 404}
    assert (await running.http.get("/v1/intake/%2Fupstream%2Fdemo/evt-77", headers=operator)).status_code == 404


async def test_the_trace_tells_a_clients_way(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1))
    client_id = (await running.results())[0][1]["client_id"]
    await running.hear(told(LISTED, client_id, 1))
    trace = running.context.service.trace
    assert trace is not None
    for asked in ((client_id, None), (None, "corr-1")):
        steps = await trace(running.context.database, *asked)
        assert sorted(step.what for step in steps) == [
            "activation.listed seen",
            "client.created",
            "onboarding.accepted",
            "onboarding.requested",
        ]


async def test_requests_are_forgotten_after_45_days(running: Running) -> None:
    await running.register_agency()
    await running.ask(numbered(1), numbered(2))
    await running.context.database.execute(
        "update requests set received_at = received_at - interval '46 days' where request_id = 'evt-1'"
    )
    job = next(
        each for each in running.context.service.jobs(running.context.settings) if each.name == "forget-requests"
    )
    async with running.context.database.unit_of_work() as uow:
        assert await job.work(uow) == 1
    assert [row["request_id"] for row in await running.rows("select request_id from requests")] == ["evt-2"]
