"""Users and licences over HTTP, on Postgres: from the invitation to the last seat, and what falls due by itself."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.ids import uuid7
from chassis.jobs import run_job
from schemas.agency import ConsultantRegisteredV1, ConsultantRemovalRequestedV1
from services.activation.jobs import jobs
from tests.integration.activation.managing import Managed, code_of, licence, permission, role
from tests.integration.activation.running import Running
from tests.unit.activation.events import envelope
from tests.unit.activation.test_activation_agency import consultant


async def due(running: Running, *, days: float = 0, name: str = "due") -> int:
    """Does what has fallen due, as if so many days had gone by."""
    settings: Any = running.context.settings
    (job,) = [each for each in jobs(settings) if each.name == name]
    database = running.context.database
    clock = database.clock
    database.clock = lambda: clock() + timedelta(days=days)
    try:
        return await run_job(database, job)
    finally:
        database.clock = clock


async def said(running: Running, client: Managed) -> list[str]:
    events = await running.said("activation-events", client.client_id)
    return [event["type"].removeprefix("se.aktivera.").removesuffix(".v1") for event in events]


async def test_an_invitation_reserves_and_its_link_works_once_and_binds_the_person(running: Running) -> None:
    client = await Managed.of(running)
    invited = (await client.invite("olle", licence("bookkeeping"))).json()
    invitation = invited["invitation"]["invitation_id"]
    reserved = await client.counts("bookkeeping")

    wrong = await client.accept(invitation, "olle", code="wrong")
    first = await client.accept(invitation, "olle")
    again = await client.accept(invitation, "someone-else")

    assert reserved == {"purchased": 2, "assigned": 0, "reserved": 1, "available": 1}
    assert (wrong.status_code, code_of(wrong)) == (404, "unknown_invitation")
    assert first.json()["user_id"] == invited["user_id"]
    assert (again.status_code, code_of(again)) == (409, "invitation_used")
    assert await client.counts("bookkeeping") == {"purchased": 2, "assigned": 1, "reserved": 0, "available": 1}
    (row,) = await running.rows("select sub from users where user_id = $1", UUID(invited["user_id"]))
    assert row["sub"] == "olle"


async def test_a_new_address_or_another_mail_makes_the_old_link_dead(running: Running) -> None:
    client = await Managed.of(running)
    user = (await client.invite("olle")).json()
    settings: Any = running.context.settings
    invitation = UUID(user["invitation"]["invitation_id"])
    old = settings.link_keys.code(settings.rules.kid, invitation, 1)

    resent = await client.request("POST", f"/users/{user['user_id']}/invitation")
    moved = await client.request("PATCH", f"/users/{user['user_id']}", json={"email": "olle.ny@exempelbolaget.se"})
    dead = await client.accept(str(invitation), "olle", code=old)

    assert resent.status_code == moved.status_code == 200
    assert code_of(dead) == "unknown_invitation"
    states = [
        event["data"].get("state")
        for event in await running.said("activation-events", client.client_id)
        if event["type"].endswith("invitation.changed.v1")
    ]
    assert states == ["resent", "readdressed"]
    assert (await client.accept(str(invitation), "olle")).status_code == 200


async def test_an_invitation_that_was_taken_back_says_so_to_whoever_follows_its_link(running: Running) -> None:
    client = await Managed.of(running)
    user = (await client.invite("olle", licence("bookkeeping"))).json()

    back = await client.request("DELETE", f"/users/{user['user_id']}/invitation")

    assert back.json()["state"] == "removed"
    assert (await client.counts("bookkeeping"))["available"] == 2
    assert code_of(await client.accept(user["invitation"]["invitation_id"], "olle")) == "invitation_withdrawn"


async def test_an_invitation_that_nobody_answers_ends_by_itself_and_its_seat_is_free(running: Running) -> None:
    client = await Managed.of(running)
    user = (await client.invite("olle", licence("bookkeeping"))).json()

    assert await due(running, days=6.9) == 0
    assert await due(running, days=7.1) == 1

    assert (await client.counts("bookkeeping"))["reserved"] == 0
    assert code_of(await client.accept(user["invitation"]["invitation_id"], "olle")) == "invitation_expired"
    assert (await said(running, client))[-2:] == ["invitation.changed", "grants.changed"]
    assert await due(running, days=7.1) == 0


async def test_whom_upstream_named_is_invited_by_mail_and_is_no_administrator(running: Running) -> None:
    named = [{"name": "Olle Ek", "email": "olle@exempelbolaget.se", "locale": "sv"}]
    client = await Managed.of(running, activated_by=None, origin="event", created_by=None, administrators=named)

    assert await due(running) == 1

    events = await running.said("activation-events", client.client_id)
    assert [event["type"] for event in events][-1] == "se.aktivera.user.invited.v1"
    assert await running.rows("select * from grants") == []


async def test_a_grant_on_time_ends_by_itself_with_all_that_rests_on_it(running: Running) -> None:
    client = await Managed.of(running)
    olle = await client.user("olle")
    until = (running.context.database.clock() + timedelta(days=1)).replace(second=0, microsecond=0).isoformat()
    timed = licence("bookkeeping", olle) | {"until": until}
    await client.save(timed, permission("bookkeeping", "vouchers", "write", olle))
    access = await client.request("GET", f"/users/{olle}/access", "olle", claims=client.own)

    assert access.json()["valid_until"].startswith(until[:19])
    assert await due(running, days=1.1) == 1

    later = await client.request("GET", f"/users/{olle}/access", "olle", claims=client.own)
    assert later.json()["licences"] == later.json()["permissions"] == []
    assert later.headers["ETag"] != access.headers["ETag"]


async def test_who_is_disabled_keeps_nothing_and_the_seat_is_free_at_once(running: Running) -> None:
    client = await Managed.of(running)
    olle = await client.user("olle", licence("bookkeeping"))

    answer = await client.request("PATCH", f"/users/{olle}", json={"state": "disabled"})

    assert answer.json()["grants"] == []
    assert (await client.counts("bookkeeping"))["available"] == 2
    access = await client.request("GET", f"/users/{olle}/access", "karin")
    assert (access.json()["state"], access.json()["licences"]) == ("disabled", [])


async def test_a_reduction_below_use_names_the_holders_and_can_release_them(running: Running) -> None:
    client = await Managed.of(running)
    olle, siv = await client.user("olle", licence("bookkeeping")), await client.user("siv", licence("bookkeeping"))
    body: dict[str, Any] = {"program": "bookkeeping", "count": 1, "reason": "ended"}

    refused = await client.request("POST", "/licences/reductions", json=body)
    done = await client.request("POST", "/licences/reductions", json=body | {"release": [olle]})

    assert (refused.status_code, code_of(refused)) == (409, "licences_in_use")
    assert {each["user_id"] for each in refused.json()["holders"]} == {olle, siv}
    assert done.status_code == 200, done.text
    assert await client.counts("bookkeeping") == {"purchased": 1, "assigned": 1, "reserved": 0, "available": 0}


async def test_a_reduction_that_waits_blocks_what_would_not_fit_and_comes_on_its_day(running: Running) -> None:
    client = await Managed.of(running)
    day = (running.context.database.clock() + timedelta(days=30)).isoformat()
    body = {"program": "bookkeeping", "count": 1, "reason": "ended", "effective_at": day}
    assert (await client.request("POST", "/licences/reductions", json=body)).status_code == 200
    olle, siv = await client.user("olle", licence("bookkeeping")), await client.user("siv")

    blocked = await client.save(licence("bookkeeping", siv))
    assert (code_of(blocked), blocked.json()["remaining"]) == ("reduction_scheduled", 1)
    assert await due(running, days=30.1) == 1

    assert (await client.counts("bookkeeping"))["purchased"] == 1
    assert olle


async def test_few_left_is_told_once_until_more_are_free(running: Running) -> None:
    client = await Managed.of(running)
    olle, siv = await client.user("olle", licence("bookkeeping")), await client.user("siv")

    for _ in range(2):
        await client.save(licence("bookkeeping", siv))
        await client.save(licence("bookkeeping", siv, "none"))

    assert (await said(running, client)).count("licences.low") == 2
    await client.save(licence("bookkeeping", siv))
    await client.save(licence("invoicing", olle))
    assert (await said(running, client)).count("licences.low") == 3


async def test_a_consultant_leaves_all_clients_or_none(running: Running) -> None:
    for version, sub in enumerate(("karin", "erik"), 1):
        data = ConsultantRegisteredV1.model_validate({"agency": "byra-ett", **consultant(sub)})
        await running.hear(envelope(data, version=version))
    alone, shared = await Managed.of(running), await Managed.of(running)
    linked = await shared.request(
        "PUT",
        "/consultants",
        "anna",
        json={"consultants": ["karin", "erik"]},
        claims={"roles": ["client_manager", "agency_admin"]},
    )
    assert linked.status_code == 200, linked.text
    (erik,) = [each for each in (await shared.get("/users"))["items"] if each["name"] == "erik"]
    assert (await shared.save(role("system_administrator", erik["user_id"]))).status_code == 200

    await running.hear(envelope(removal("karin"), version=3))
    await due(running, name="removals")
    refused = (await running.said("activation-events", "byra-ett"))[-1]
    (kept,) = await running.rows("select leaving from consultants where sub = 'karin'")
    handed = await running.http.post(
        "/v1/handovers",
        json={"from": "karin", "to": "erik", "clients": [str(alone.client_id)]},
        headers=running.token("anna", roles=["agency_admin"]),
    )
    await running.hear(envelope(removal("karin"), version=4))
    await due(running, name="removals")
    released = (await running.said("activation-events", "byra-ett"))[-1]

    assert refused["type"].endswith("consultant.release_refused.v1")
    assert refused["data"]["clients"] == [str(alone.client_id)]
    assert kept["leaving"] is False
    assert handed.status_code == 200, handed.text
    assert released["type"].endswith("consultant.released.v1")
    assert [refused["sequence"], released["sequence"]] == ["1", "2"]
    assert await running.rows("select * from users where sub = 'karin'") == []


def removal(sub: str) -> ConsultantRemovalRequestedV1:
    by = {"kind": "user", "id": "anna", "name": "Anna"}
    return ConsultantRemovalRequestedV1.model_validate(
        {"agency": "byra-ett", "sub": sub, "request_id": uuid7(), "requested_by": by}
    )


async def test_a_client_that_has_waited_long_is_reminded_of_once_a_day(running: Running) -> None:
    client = await Managed.of(running, activated_by=None)
    activated = await Managed.of(running)

    assert await due(running, days=6.9, name="reminders") == 0
    assert await due(running, days=8, name="reminders") == 1
    assert await due(running, days=8, name="reminders") == 0
    assert await due(running, days=9.1, name="reminders") == 1

    assert (await said(running, client)).count("activation.reminder_due") == 2
    assert "activation.reminder_due" not in await said(running, activated)
