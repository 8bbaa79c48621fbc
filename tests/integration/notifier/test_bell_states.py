"""What a user does with their items, takes back, and wants to be told; and what a year does with them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.jobs import run_job
from schemas.activation import ActivationReminderDueV1
from services.notifier.__main__ import SERVICE
from services.notifier.domain.kinds import KINDS
from services.notifier.store.inbox import MOST_COUNTED
from tests.integration.notifier.running import Running
from tests.integration.notifier.test_bell import items
from tests.unit.notifier.events import LISTED_AT, event_of, listed

ACTS = ("seen", "read", "unread", "archive", "unarchive")
WAYS: dict[str, tuple[str, ...]] = {
    "unseen": (),
    "seen": ("seen",),
    "read": ("read",),
    "archived unseen": ("archive",),
    "archived seen": ("seen", "archive"),
    "archived read": ("read", "archive"),
}
"""Each state, and how an item comes into it."""

BECOMES: dict[str, tuple[str, str, str, str, str]] = {
    "unseen": ("seen", "read", "unseen", "archived unseen", "unseen"),
    "seen": ("seen", "read", "seen", "archived seen", "seen"),
    "read": ("read", "read", "seen", "archived read", "read"),
    "archived unseen": ("archived seen", "archived read", "archived unseen", "archived unseen", "unseen"),
    "archived seen": ("archived seen", "archived read", "archived seen", "archived seen", "seen"),
    "archived read": ("archived read", "archived read", "archived seen", "archived read", "read"),
}
"""State → what it becomes by each act, in their order."""


def reminder(client_id: UUID, version: int = 2) -> Any:
    data = ActivationReminderDueV1(
        client_id=client_id,
        agency="byra-ett",
        client_name="Exempelbolaget AB",
        test=False,
        pending_since=LISTED_AT,
        day=LISTED_AT.date() + timedelta(days=version),
    )
    return event_of(data, version)


async def state(running: Running, item_id: str) -> str:
    (row,) = await running.rows("select seen_at, read_at, archived_at from notifications where id = $1", UUID(item_id))
    words = ["archived"] if row["archived_at"] else []
    words.append("read" if row["read_at"] else "seen" if row["seen_at"] else "unseen")
    return " ".join(words)


async def test_every_act_leads_from_every_state_where_the_table_says(running: Running) -> None:
    await running.hear(listed(uuid4()))
    (item,) = await items(running)
    found: dict[str, tuple[str, ...]] = {}
    for begin, way in WAYS.items():
        came = []
        for act in ACTS:
            await running.context.database.execute(
                "update notifications set seen_at=null, read_at=null, archived_at=null"
            )
            for each in way:
                await running.post(f"/v1/notifications/{item['id']}/{each}")
            assert await state(running, item["id"]) == begin
            answer = await running.post(f"/v1/notifications/{item['id']}/{act}")
            assert answer.status_code == 200, answer.text
            came.append(await state(running, item["id"]))
            assert answer.json()["state"] == came[-1].split()[0]
        found[begin] = tuple(came)
    assert found == BECOMES


async def test_an_unknown_act_is_refused(running: Running) -> None:
    answer = await running.post(f"/v1/notifications/{uuid4()}/forget")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_choice")


async def test_a_badge_counts_no_further_than_it_shows(running: Running) -> None:
    await running.hear(listed(uuid4()))
    await running.context.database.execute(
        """insert into bells (id, client_id, agency, kind, cause_id, client_name, test, audience, waiting,
             correlation_id, created_at)
           select gen_random_uuid(), gen_random_uuid(), agency, kind, n::text, 'B', false, audience, false, 'c', now()
             from bells, generate_series(1, $1::int) n""",
        MOST_COUNTED + 1,
    )
    await running.context.database.execute(
        """insert into notifications (id, bell_id, agency, sub, seq, created_at)
           select id, id, agency, 'karin', 1 + row_number() over (), created_at from bells where client_name = 'B'"""
    )
    assert await running.get("/v1/notifications/count") == {"unseen": MOST_COUNTED, "unread": MOST_COUNTED}


async def test_all_kinds_ring_until_they_are_turned_off(running: Running) -> None:
    given = await running.get("/v1/notifications/preferences")
    assert {each["kind"]: each["mandatory"] for each in given["items"]} == {k: v.mandatory for k, v in KINDS.items()}
    assert all(each["rings"] for each in given["items"])
    off = await running.http.put(
        "/v1/notifications/preferences", headers=running.token(), json={"kinds": {"reminder_due": False}}
    )
    assert [each["kind"] for each in off.json()["items"] if not each["rings"]] == ["reminder_due"]
    client_id = uuid4()
    await running.hear(listed(client_id), reminder(client_id))
    assert [each["kind"] for each in await items(running)] == ["client_listed"]
    on = await running.http.put(
        "/v1/notifications/preferences", headers=running.token(), json={"kinds": {"reminder_due": True}}
    )
    assert all(each["rings"] for each in on.json()["items"])
    await running.hear(reminder(client_id, 3))
    assert [each["kind"] for each in await items(running)] == ["reminder_due", "client_listed"]


async def test_what_one_turns_off_rings_for_others_and_in_another_agency(running: Running) -> None:
    body = {"kinds": {"reminder_due": False}}
    await running.http.put("/v1/notifications/preferences", headers=running.token(), json=body)
    for claims in ({"sub": "erik"}, {"agency": "byra-tva"}):
        given = await running.get("/v1/notifications/preferences", **claims)
        assert all(each["rings"] for each in given["items"])


@pytest.mark.parametrize("kind", [kind for kind, one in KINDS.items() if one.mandatory])
async def test_a_mandatory_kind_cannot_be_turned_off(running: Running, kind: str) -> None:
    body = {"kinds": {"reminder_due": False, kind: False}}
    answer = await running.http.put("/v1/notifications/preferences", headers=running.token(), json=body)
    refused = answer.json()
    assert (answer.status_code, refused["code"]) == (422, "notification_mandatory")
    assert [each["pointer"] for each in refused["errors"]] == [f"/kinds/{kind}"]
    assert await running.rows("select from muted_kinds") == []


async def test_a_kind_that_there_is_not_is_refused_at_its_own_place(running: Running) -> None:
    body = {"kinds": {"reminder": False}}
    answer = await running.http.put("/v1/notifications/preferences", headers=running.token(), json=body)
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/kinds/reminder", "invalid_choice")
    ]


async def test_items_leave_after_a_year_and_the_listing_stays_noted(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id), reminder(client_id))
    await running.hear(listed(uuid4()))
    old = "update {} set created_at = created_at - interval '366 days' where {}"
    await running.context.database.execute(old.format("notifications", "seq < 3"))
    await running.context.database.execute(old.format("bells", "client_id = '" + str(client_id) + "'"))
    (job,) = [each for each in SERVICE.jobs(running.context.settings) if each.name == "forget-old-notifications"]
    assert await run_job(running.context.database, job) == 3
    assert [each["seq"] for each in await items(running)] == [3]
    kept = await running.rows("select kind from bells order by created_at")
    assert [row["kind"] for row in kept] == ["client_listed", "client_listed"]
    assert await run_job(running.context.database, job) == 0
