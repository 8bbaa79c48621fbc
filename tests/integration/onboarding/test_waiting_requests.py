"""A request about a client that is not there yet waits for it, and its sender is told once, at the end."""

from datetime import timedelta
from typing import Any

import pytest

from chassis import held_events
from chassis.held_events import WAIT_TRIES
from tests.eventually import eventually
from tests.integration.chassis.running import retrier
from tests.integration.onboarding.reading import Reading
from tests.integration.onboarding.test_sources import asking
from tests.unit.onboarding.contents import cloud_event

pytestmark = pytest.mark.timeout(300)

CANCEL = cloud_event(
    "evt-c",
    type="se.aktivera.onboarding.cancellation_requested.v1",
    correlationid="corr-c",
    data={"external_ref": "ref-1", "reason": "withdrawn"},
)


@pytest.fixture(autouse=True)
def _tried_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries are counted here: none comes of itself."""
    monkeypatch.setattr(held_events, "FIRST_RETRY", timedelta(hours=1))


async def held(reading: Reading, attempts: int) -> dict[str, Any]:
    """The one event that is held, once it was tried so often."""

    async def probe() -> dict[str, Any]:
        rows = await reading.rows(
            """select h.id, h.reason, h.attempts, k.retry_at from held_events h join held_keys k using (topic, key)
                where settled_at is null"""
        )
        assert [row["attempts"] for row in rows] == [attempts]
        return rows[0]

    return await eventually(probe, within=20)


async def tried_again(reading: Reading, attempts: int) -> dict[str, Any]:
    """As where the time for its next try had come."""
    await reading.context.database.execute("update held_keys set retry_at = now()")
    return await held(reading, attempts)


async def shown(reading: Reading, **claims: Any) -> dict[str, Any]:
    headers = reading.token(**claims) if claims else reading.operator()
    answer: dict[str, Any] = (await reading.http.get("/v1/intake/demo/evt-c", headers=headers)).json()
    return answer


async def test_a_cancellation_that_comes_before_its_client_waits_for_it_and_is_then_accepted(reading: Reading) -> None:
    await reading.register_agency()
    await reading.send(None, CANCEL)
    assert (await held(reading, 1))["reason"] == "unknown_client"
    assert await reading.told(None) == []
    assert (await shown(reading))["status"] == "waiting"
    await reading.send(None, asking("demo", 1))
    await reading.told_of(None, 1)
    await reading.context.database.execute("update held_keys set retry_at = now()")
    told = await reading.told_of(None, 2)
    assert [(kind, data["request_id"]) for kind, data in told] == [("accepted", "evt-1"), ("accepted", "evt-c")]
    asked = [row["topic"] for row in await reading.rows("select topic from held_events where settled_how = 'retried'")]
    assert asked == [reading.context.common.topic_prefix + "onboarding-requests"]


async def test_a_request_whose_client_never_comes_is_told_once_and_stays_as_a_dead_letter(reading: Reading) -> None:
    await reading.register_agency()
    await reading.send(None, CANCEL)
    for attempts in range(1, WAIT_TRIES):
        waiting = await (held if attempts == 1 else tried_again)(reading, attempts)
        assert waiting["retry_at"] is not None
        assert await reading.told(None) == []
    dead = await tried_again(reading, WAIT_TRIES)
    assert (dead["reason"], dead["retry_at"]) == ("unknown_client", None)
    ((kind, rejected),) = await reading.told_of(None, 1)
    assert (kind, rejected["code"], rejected["request_id"]) == ("rejected", "unknown_client", "evt-c")
    assert rejected["retryable"]
    told = await shown(reading)
    assert (told["status"], told["code"], told["answers"][0]["what"]) == ("rejected", "unknown_client", "rejected")

    async with reading.context.database.unit_of_work() as uow:  # a person tries it once more
        (row,) = await reading.rows("select topic, key from held_keys")
        replayed = await retrier(reading.context).retry(uow, row["topic"], row["key"], "olle")
    assert replayed.in_the_way is not None
    assert await reading.rows("select id from outbox") == []
    assert len(await reading.told(None)) == 1


async def test_a_dead_letter_is_accepted_where_its_client_has_come_at_last_and_a_person_tries_it(
    reading: Reading,
) -> None:
    await reading.register_agency()
    await reading.send(None, CANCEL)
    await held(reading, 1)
    await reading.context.database.execute(
        "update held_events set attempts = $1", WAIT_TRIES - 1
    )  # as after almost all tries
    await tried_again(reading, WAIT_TRIES)
    await reading.send(None, asking("demo", 1))
    await reading.told_of(None, 2)
    async with reading.context.database.unit_of_work() as uow:
        (row,) = await reading.rows("select topic, key from held_keys")
        replayed = await retrier(reading.context).retry(uow, row["topic"], row["key"], "olle")
    assert (replayed.done, replayed.left) == (1, 0)
    told = await reading.told_of(None, 3)
    assert [(kind, data["request_id"]) for kind, data in told] == [
        ("rejected", "evt-c"),
        ("accepted", "evt-1"),
        ("accepted", "evt-c"),
    ]


async def test_who_waits_is_shown_to_operators_alone(reading: Reading) -> None:
    await reading.send(None, CANCEL)
    await held(reading, 1)
    assert (await shown(reading, agency="byra-ett"))["code"] == "not_found"
    operators = await shown(reading)
    assert (operators["code"], operators["correlation_id"], operators["agency"]) == ("unknown_client", "corr-c", None)
    assert operators["next_try_at"] is not None
