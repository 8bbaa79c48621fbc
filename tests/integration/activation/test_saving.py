"""The matrix over HTTP, on Postgres: a Save is one act, on a version that was seen, and everybody sees what it did."""

import asyncpg
import orjson
import pytest

from tests.integration.activation.managing import Managed, code_of, licence, permission, role
from tests.integration.activation.running import Running


async def test_a_save_gives_licence_and_permission_and_says_it_once(running: Running) -> None:
    client = await Managed.of(running)
    olle = await client.user("olle")

    answer = await client.save(licence("bookkeeping", olle), permission("bookkeeping", "vouchers", "write", olle))

    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == '"1"'
    assert answer.json()["status"] == "configured"
    assert await client.counts("bookkeeping") == {"purchased": 2, "assigned": 1, "reserved": 0, "available": 1}
    said = [event["type"] for event in await running.said("activation-events", client.client_id)]
    assert said == [
        f"se.aktivera.{name}.v1"
        for name in (
            "activation.listed",
            "activation.activated",
            "user.invited",
            "user.accepted",
            "grants.changed",
            "activation.configured",
        )
    ]
    access = await client.request("GET", f"/users/{olle}/access", "olle", claims=client.own)
    assert access.json()["permissions"] == [{"program": "bookkeeping", "part": "vouchers", "level": "write"}]


async def test_a_save_with_one_wrong_cell_does_nothing_and_points_at_it(running: Running) -> None:
    client = await Managed.of(running)
    olle = await client.user("olle")

    answer = await client.save(
        licence("bookkeeping", olle),
        permission("invoicing", "customer_invoices", "read", olle),
        permission("bookkeeping", "voucher_templates", "read", olle),
    )

    assert code_of(answer) == "licence_required"
    problem = answer.json()
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
        ("/changes/1", "licence_required"),
        ("/changes/2", "parent_permission_required"),
    ]
    assert problem["cells"][0]["program"] == "invoicing"
    assert problem["cells"][0]["user_id"] == olle
    assert await running.rows("select * from grants where kind <> 'system_administrator'") == []


async def test_a_save_needs_the_version_and_a_stale_one_is_shown_what_others_changed(running: Running) -> None:
    client = await Managed.of(running)
    olle = await client.user("olle")

    without = await client.request("PATCH", "/access", json={"changes": []})
    first = await client.save(licence("bookkeeping", olle), version=0)
    stale = await client.save(licence("invoicing", olle), version=0)

    assert (without.status_code, code_of(without)) == (428, "if_match_required")
    assert first.status_code == 200
    assert (stale.status_code, code_of(stale)) == (412, "stale_version")
    (change,) = stale.json()["changes"]
    assert (change["kind"], change["program"], change["by"]) == ("licence", "bookkeeping", "karin")


async def test_a_save_that_changes_nothing_writes_nothing(running: Running) -> None:
    client = await Managed.of(running)
    olle = await client.user("olle", licence("bookkeeping"))
    before = await running.rows("select * from activations"), await running.rows("select * from history")

    again = await client.save(licence("bookkeeping", olle))

    assert again.status_code == 200
    assert again.json()["changes"] == []
    assert (await running.rows("select * from activations"), await running.rows("select * from history")) == before


async def test_a_dry_run_tells_the_whole_difference_and_keeps_nothing(running: Running) -> None:
    client = await Managed.of(running)
    grants = (licence("bookkeeping"), permission("bookkeeping", "vouchers", "write"))
    olle = await client.user("olle", *grants)

    dry = await client.request(
        "PATCH",
        "/access?dry_run=true",
        json={"changes": [licence("bookkeeping", olle, "none")]},
        headers={"If-Match": '"1"'},
    )

    assert dry.status_code == 200, dry.text
    assert [(each["kind"], each["before"], each["after"]) for each in dry.json()["changes"]] == [
        ("licence", "on", "none"),
        ("permission", "write", "none"),
    ]
    assert (await client.get("/access"))["access_version"] == 1


async def test_the_last_administrator_cannot_go_and_a_swap_in_one_save_can(running: Running) -> None:
    client = await Managed.of(running)
    karin = (await client.get("/access"))["you"]["user_id"]
    olle = await client.user("olle")

    alone = await client.save(role("system_administrator", karin, "none"))
    swap = await client.save(role("system_administrator", karin, "none"), role("system_administrator", olle))

    assert (alone.status_code, code_of(alone)) == (409, "last_system_administrator")
    assert alone.json()["errors"][0]["pointer"] == "/changes/0"
    assert alone.json()["suggestion"] == "hand_over"
    assert swap.status_code == 200, swap.text
    assert code_of(await client.save(licence("bookkeeping", olle), version=1)) == "program_admin_required"


async def test_another_agencys_client_is_not_there_at_all(running: Running) -> None:
    client = await Managed.of(running)

    answer = await client.request("GET", "/access", "sten", claims={"agency": "byra-annan"})

    assert (answer.status_code, code_of(answer)) == (404, "not_found")


async def test_the_history_tells_what_was_done_and_what_was_refused_and_cannot_be_changed(running: Running) -> None:
    client = await Managed.of(running)
    olle = await client.user("olle", licence("bookkeeping"))
    await client.save(licence("payroll", olle))

    page = await client.get("/history")
    refusals = await client.get("/history?refused=true")
    later = await client.get("/history?since=2099-01-01T00:00:00Z")
    earlier = await client.get("/history?until=2099-01-01T00:00:00Z&refused=true")
    export = await client.request("GET", "/history/export")

    assert [(each["act"], each["kind"]) for each in page["items"]] == [
        ("save", "refusal"),
        ("accept", "invitation"),
        ("accept", "user"),
        ("invite", "invitation"),
        ("invite", "licence"),
        ("invite", "user"),
        ("activate", "system_administrator"),
        ("activate", "status"),
    ]
    assert [each["refused"] for each in refusals["items"]] == ["program_not_ordered"]
    assert (later["items"], earlier["items"]) == ([], refusals["items"])
    assert len(export.text.splitlines()) == 9
    assert "Olle" not in export.text
    lines = await client.request("GET", "/history/export?format=json")
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert [each["act"] for each in map(orjson.loads, lines.text.splitlines())] == [e["act"] for e in page["items"]]
    for statement in ("update history set act = 'x'", "delete from history", "truncate history"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await running.context.database.execute(statement)


@pytest.mark.parametrize("query", ["until=9999-12-31T23:59:59-14:00", "since=0001-01-01T00:00:00%2B14:00", "since=0"])
async def test_a_time_that_is_none_in_the_calendar_is_refused_with_its_place(running: Running, query: str) -> None:
    client = await Managed.of(running)

    answer = await client.request("GET", f"/history?{query}")

    assert answer.status_code == 422, answer.text
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        (f"/{query.partition('=')[0]}", "invalid_date")
    ]
