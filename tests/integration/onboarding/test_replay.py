"""Requests that come again, at once, late, or with their whole topic, make nothing twice and are answered the same."""

from datetime import timedelta

import pytest
from cloudevents.core.bindings.kafka import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from services.onboarding.jobs import JOBS
from tests.eventually import eventually
from tests.integration.onboarding.reading import Reading
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.test_intake import numbered
from tests.integration.onboarding.test_sources import asking
from tests.unit.onboarding.contents import NOW, cloud_event

pytestmark = pytest.mark.timeout(300)

TABLES = ("clients", "requests", "vault", "agencies", "consultants", "sources")


async def everything_kept(running: Running) -> dict[str, list[str]]:
    """The content of every table that a request can change."""
    return {
        table: sorted(repr(tuple(row.values())) for row in await running.rows(f"select * from {table}"))
        for table in TABLES
    }


async def test_a_whole_topic_read_again_changes_nothing_and_its_answers_are_repeated(reading: Reading) -> None:
    await reading.register_agency()
    cancel = cloud_event(
        "evt-c",
        type="se.aktivera.onboarding.cancellation_requested.v1",
        data={"external_ref": "ref-1", "reason": "withdrawn"},
    )
    wrong = asking("demo", 9)
    wrong["data"]["details"] = None
    reused = asking("demo", 2) | {"data": {**asking("demo", 2)["data"], "locale": "en"}}
    await reading.send(None, asking("demo", 1), asking("demo", 2), asking("demo", 3), b"{", wrong)
    await reading.told_of(None, 4)
    await reading.send(None, cancel, reused)
    first = await reading.told_of(None, 6)
    kept = await everything_kept(reading)

    await reading.context.database.execute("delete from consumer_offsets where topic like '%-requests'")
    await reading.send(None, asking("demo", 1))  # with it the reader sees that its offsets are gone
    again = [told for told in first if told[1]["request_id"] == "evt-1"]
    everything = await reading.told_of(None, 13)
    assert sorted(map(repr, everything)) == sorted(map(repr, first * 2 + again))
    assert await everything_kept(reading) == kept

    async def nothing_more_is_said() -> bool:
        return await reading.rows("select * from outbox") == []

    await eventually(nothing_more_is_said, within=20)
    assert len(await reading.rows("select * from held_events where settled_at is null")) == 1


async def test_a_duplicate_after_twenty_days_changes_nothing(running: Running) -> None:
    await running.register_agency()
    running.context.database.clock = lambda: NOW
    await running.ask(numbered(1), numbered(2, details=None))
    kept, answers = await everything_kept(running), await running.results()
    running.context.database.clock = lambda: NOW + timedelta(days=20)
    await forget(running)
    await running.ask(numbered(1), numbered(2, details=None))
    assert await everything_kept(running) == kept
    assert await running.results() == answers * 2


async def test_a_duplicate_after_the_window_finds_its_client_by_the_reference(running: Running) -> None:
    await running.register_agency()
    running.context.database.clock = lambda: NOW
    await running.ask(numbered(1))
    running.context.database.clock = lambda: NOW + timedelta(days=46)
    await forget(running)
    await running.ask(numbered(1))
    (_, accepted), (kind, refused) = await running.results()
    assert (kind, refused["code"], refused["client_id"]) == ("rejected", "already_onboarded", accepted["client_id"])
    assert len(await running.rows("select * from clients")) == 1


async def forget(running: Running) -> None:
    """The job that forgets old requests."""
    (job,) = (each for each in JOBS if each.name == "forget-requests")
    async with running.context.database.unit_of_work() as uow:
        await job.work(uow)


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_what_the_official_sdk_writes_is_accepted_in_either_mode_as_the_same_request(
    reading: Reading, mode: str
) -> None:
    await reading.register_agency()
    sent = asking("demo", 1)
    attributes = {name: value for name, value in sent.items() if name != "data"}
    event = CloudEvent({**attributes, "datacontenttype": "application/json", "time": NOW}, sent["data"])
    written = {"structured": to_structured_event(event), "binary": to_binary_event(event)}
    first, other = (written.pop(mode), *written.values())
    await reading.send(None, bytes(first.value), headers=list(first.headers.items()))
    ((kind, accepted),) = await reading.told_of(None, 1)
    assert (kind, accepted["request_id"]) == ("accepted", "evt-1")
    await reading.send(None, bytes(other.value), headers=list(other.headers.items()))
    assert await reading.told_of(None, 2) == [(kind, accepted)] * 2
