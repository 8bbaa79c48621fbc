"""Further sources: added while the service runs, each with topics of its own, none in another's way."""

from typing import Any

import asyncpg
import pytest

from chassis import kafka
from tests.eventually import eventually
from tests.integration.onboarding.reading import Reading
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import cloud_event, content, organisation

pytestmark = pytest.mark.timeout(300)


def asking(slug: str, number: int, agency: str = "byra-ett", **more: Any) -> dict[str, Any]:
    """What a source sends to have a client: id, reference and organisation number made of a running number."""
    sent = content(details__identity__number=organisation(number))
    data = {"agency": agency, "external_ref": f"ref-{number}", **sent}
    return cloud_event(f"evt-{number}", source=f"/upstream/{slug}", data=data, **more)


async def ended(reading: Reading, slug: str) -> bool:
    return f"source-{slug}" not in reading.readers.names


def codes(told: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str | None]]:
    return [(kind, data.get("code")) for kind, data in told]


async def test_a_source_added_while_the_service_runs_is_read_and_answered_on_topics_of_its_own(
    reading: Reading,
) -> None:
    await reading.register_agency()
    await reading.make_topics("bolag")
    assert (await reading.add_source("bolag")).status_code == 201
    await reading.send("bolag", asking("bolag", 1))
    await reading.send(None, asking("demo", 2))
    assert codes(await reading.told_of("bolag", 1)) == [("accepted", None)]
    assert codes(await reading.told_of(None, 1)) == [("accepted", None)]
    assert {row["source"] for row in await reading.rows("select source from clients")} == {
        "/upstream/bolag",
        "/upstream/demo",
    }


async def test_what_a_source_may_not_send_is_refused_with_a_code_of_its_own(reading: Reading) -> None:
    await reading.register_agency()
    await reading.make_topics("bolag")
    await reading.add_source("bolag", may=["requested"])
    cancel = cloud_event(
        "evt-9",
        source="/upstream/bolag",
        type="se.aktivera.onboarding.cancellation_requested.v1",
        data={"external_ref": "ref-1", "reason": "withdrawn"},
    )
    await reading.send("bolag", asking("bolag", 1, agency="byra-tva"), asking("demo", 2), cancel)
    assert sorted(codes(await reading.told_of("bolag", 3))) == [
        ("rejected", "event_type_not_allowed"),
        ("rejected", "wrong_agency"),
        ("rejected", "wrong_source"),
    ]
    assert await reading.told(None) == []


async def test_a_source_whose_topic_is_made_anew_holds_up_no_other(reading: Reading) -> None:
    await reading.register_agency()
    await reading.make_topics("bolag", "granne")
    for slug in ("bolag", "granne"):
        await reading.add_source(slug)
        await reading.send(slug, asking(slug, 1 if slug == "bolag" else 2))
        await reading.told_of(slug, 1)
    await reading.context.database.execute(
        "update consumer_offsets set next_offset = 900 where topic like '%-requests-bolag'"
    )  # as where the log is another one than before
    await reading.source("bolag", "/pause")
    await eventually(lambda: ended(reading, "bolag"), within=60)
    await reading.source("bolag", "/resume")

    async def stopped() -> bool:
        return (reading.readers.stopped_by or "").startswith("source-bolag: TopicChanged: ")

    await eventually(stopped, within=60)
    await reading.send("granne", asking("granne", 4))
    await reading.send(None, asking("demo", 5))
    assert codes(await reading.told_of("granne", 2)) == [("accepted", None)] * 2
    assert codes(await reading.told_of(None, 1)) == [("accepted", None)]


async def test_a_paused_source_waits_in_its_topic_and_goes_on_where_it_was(reading: Reading) -> None:
    await reading.register_agency()
    await reading.make_topics("bolag")
    await reading.add_source("bolag")
    await reading.send("bolag", asking("bolag", 1))
    await reading.told_of("bolag", 1)
    assert (await reading.source("bolag", "/pause")).json()["state"] == "paused"

    await eventually(lambda: ended(reading, "bolag"), within=60)
    await reading.send("bolag", asking("bolag", 2))
    await reading.send(None, asking("demo", 3))
    await reading.told_of(None, 1)
    assert len(await reading.told("bolag")) == 1
    await reading.source("bolag", "/resume")
    assert codes(await reading.told_of("bolag", 2)) == [("accepted", None)] * 2


async def test_a_removed_source_is_told_nothing_more_and_can_be_added_anew_on_new_topics(reading: Reading) -> None:
    await reading.register_agency()
    await reading.make_topics("bolag")
    await reading.add_source("bolag")
    await reading.send("bolag", asking("bolag", 1))
    await reading.told_of("bolag", 1)
    assert (await reading.source("bolag", "", "DELETE")).json()["state"] == "removed"
    assert (await reading.source("bolag", "/pause")).json()["code"] == "unknown_source"
    await eventually(lambda: ended(reading, "bolag"), within=60)
    await reading.delete_topics("bolag")
    await reading.make_topics("bolag")
    assert (await reading.add_source("bolag", agencies=["byra-ett", "byra-tva"])).status_code == 201
    await reading.send("bolag", asking("bolag", 2))
    ((_, accepted),) = await reading.told_of("bolag", 1)
    assert accepted["request_id"] == "evt-2"
    assert len(await reading.rows("select * from clients")) == 2
    acts = (await reading.source("bolag", "", "GET")).json()["acts"]
    assert [(each["what"], each["by"]) for each in acts] == [("added", "olle"), ("removed", "olle"), ("added", "olle")]


async def test_adding_twice_is_no_error_unless_it_differs(reading: Reading) -> None:
    await reading.make_topics("bolag")
    added = await reading.add_source("bolag", test=True)
    assert added.status_code == 201
    assert added.json()["agencies_not_registered"] == ["byra-ett"]
    assert (await reading.add_source("bolag", test=True)).status_code == 200
    refused = await reading.add_source("bolag", agencies=["byra-tva"])
    assert (refused.status_code, refused.json()["code"]) == (409, "source_differs")
    assert refused.json()["differs"] == ["agencies", "test"]
    changed = await reading.http.patch(
        "/v1/sources/bolag", json={"agencies": ["byra-tva"], "may": ["requested"]}, headers=reading.operator()
    )
    assert (changed.json()["agencies"], changed.json()["may"]) == (["byra-tva"], ["requested"])


async def test_a_source_without_its_topics_is_not_added_since_answers_to_it_would_stop_all(reading: Reading) -> None:
    refused = await reading.add_source("bolag")
    assert (refused.status_code, refused.json().get("code")) == (409, "source_topics_missing")
    await kafka.create_topics(reading.context.common, [("onboarding-requests-bolag", 1)])

    async def the_other_one_is_named() -> bool:
        missing = (await reading.add_source("bolag")).json()["topics"]
        return bool(missing == [reading.context.common.topic_prefix + "onboarding-results-bolag"])

    await eventually(the_other_one_is_named, within=60)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/sources/Bolag", {"agencies": ["byra-ett"]}, 422, "invalid_value"),
        ("/v1/sources/b", {"agencies": ["byra-ett"]}, 422, "invalid_value"),
    ],
)
async def test_slugs_are_checked(running: Running, path: str, body: Any, status: int, code: str) -> None:
    operator = running.token("olle", agency="drift", roles=["operator"])
    answer = await running.http.put(path, json=body, headers=operator)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


async def test_only_operators_set_up_sources(running: Running) -> None:
    for claims in ({"roles": ["agency_admin"]}, {"roles": ["operator"], "client": "c-1"}):
        for method, path in (("GET", "/v1/sources"), ("PUT", "/v1/sources/bolag"), ("DELETE", "/v1/sources/bolag")):
            answer = await running.http.request(
                method, path, json={"agencies": ["byra-ett"]}, headers=running.token(**claims)
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "operator_required")


async def test_the_first_source_is_shown_and_not_set_up(running: Running) -> None:
    operator = running.token("olle", agency="drift", roles=["operator"])
    (first,) = (await running.http.get("/v1/sources", headers=operator)).json()["items"]
    assert "acts" not in first  # an empty list would read as none
    assert (first["slug"], first["source"], first["agencies"]) == (None, "/upstream/demo", None)
    answer = await running.http.post("/v1/sources/demo/pause", headers=operator)
    assert (answer.status_code, answer.json()["code"]) == (409, "source_is_first")


async def test_acts_on_sources_are_only_added_to(running: Running) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await running.context.database.execute("delete from source_acts")
