"""Files of new clients over HTTP: tried, taken in once, worked off row by row, and told of without personal numbers."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.onboarding.domain import csv_files
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.sending_files import done, numbered, post, told, work
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import association, content, organisation, sole_trader
from tests.unit.onboarding.files import csv_of

ADMIN: dict[str, Any] = {"sub": "anna", "roles": ["agency_admin"]}


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    """Two agencies."""
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)


MIXED = (
    *numbered(2),
    content(details__name="", details__identity__number=organisation(2)),
    content(details__identity__number=organisation(0)),
    content(details__identity=sole_trader()),
    content(details__identity=association(), confirm_duplicate=True, external_ref="A-1"),
    content(details__identity__number=organisation(3), external_ref="A-1"),
    content(details__identity__number="802000-1239"),
)
MIXED_TOLD = [
    ("created", None, None),
    ("created", None, None),
    ("refused", "required", None),
    ("refused", "duplicate_client", 1),
    ("created", None, None),
    ("created", None, None),
    ("refused", "already_onboarded", 6),
    ("created", None, None),
]


async def test_each_row_of_a_file_becomes_a_client_or_is_told_why_not(running: Running) -> None:
    shown = await done(running, csv_of(*MIXED))
    assert shown["rows"] == {"total": 8, "done": 8, "created": 5, "valid": 0, "known": 0, "refused": 3}
    rows = await told(running, shown)
    assert [(each["status"], each["code"], each["same_row"]) for each in rows] == MIXED_TOLD
    (error,) = rows[2]["errors"]
    assert (error["pointer"], error["column"], error["code"], rows[2]["line"]) == (
        "/details/name", "details.name", "required", 4,
    )  # fmt: skip
    assert [each["code"] for each in rows[7]["warnings"]] == ["form_mismatch"]
    created = await running.said("client-events")
    assert [each["data"]["client_id"] for each in created] == [
        each["client_id"] for each in rows if each["status"] == "created"
    ]
    assert {each["data"]["origin"] for each in created} == {"csv"}
    assert {each["data"]["created_by"]["sub"] for each in created} == {"karin"}
    assert [each["correlationid"] for each in created][:2] == [f"{shown['import_id']}/{n}" for n in (1, 2)]


async def test_a_dry_run_says_the_same_of_each_row_and_creates_nothing(running: Running) -> None:
    shown = await done(running, csv_of(*MIXED), "?dry_run=true")
    rows = await told(running, shown)
    tried = [(each["status"].replace("valid", "created"), each["code"], each["same_row"]) for each in rows]
    assert tried == MIXED_TOLD
    assert {each["client_id"] for each in rows} == {None}
    assert await running.rows("select from clients") == []
    assert await running.said("client-events") == []
    real = await done(running, csv_of(*MIXED), f"?tried={shown['import_id']}")
    assert real["rows"]["created"] == 5


async def test_doubles_are_found_across_batches(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.onboarding.importing.AT_ONCE", 1)
    for query in ("?dry_run=true", ""):
        rows = await told(running, await done(running, csv_of(*MIXED), query))
        assert [(each["status"].replace("valid", "created"), each["code"], each["same_row"]) for each in rows] == (
            MIXED_TOLD
        )


async def test_the_same_file_again_answers_the_same_import_and_changes_nothing(running: Running) -> None:
    data = csv_of(*numbered(3))
    first = await post(running, data)
    assert (first.status_code, (await post(running, data)).json()) == (202, first.json())
    await work(running)
    again = await post(running, data)
    assert (again.status_code, again.json()["import_id"]) == (200, first.json()["import_id"])
    assert again.json()["rows"]["created"] == 3
    await work(running)
    assert len(await running.said("client-events")) == 3
    other = await post(running, data, agency="byra-tva")
    assert other.status_code == 202


async def test_a_row_of_another_file_whose_client_is_there_says_so(running: Running) -> None:
    await done(running, csv_of(*numbered(2)))
    shown = await done(running, csv_of(*numbered(3)))
    assert shown["rows"] == {"total": 3, "done": 3, "created": 1, "valid": 0, "known": 2, "refused": 0}
    known = await told(running, shown, "&status=known")
    assert [(each["row"], each["code"]) for each in known] == [(1, "duplicate_client"), (2, "duplicate_client")]
    assert all(each["client_id"] for each in known)


async def test_an_import_of_another_file_than_the_one_tried_is_refused(running: Running) -> None:
    trial = await done(running, csv_of(*numbered(1)), "?dry_run=true")
    answer = await post(running, csv_of(*numbered(2)), f"?tried={trial['import_id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "file_changed")
    assert await running.rows("select from imports where not dry_run") == []


async def test_a_dry_run_that_is_over_is_made_anew(running: Running) -> None:
    data = csv_of(*numbered(1))
    first = await done(running, data, "?dry_run=true")
    await running.create(numbered(1)[0])
    again = await done(running, data, "?dry_run=true")
    assert first["import_id"] != again["import_id"]
    assert (first["rows"]["valid"], again["rows"]["known"]) == (1, 1)


async def test_what_was_sent_is_sealed_and_destroyed_when_it_is_done(running: Running) -> None:
    answer = await post(running, csv_of(content(details__identity=sole_trader(), details__name="Evas måleri")))
    tables = ("imports", "import_rows")
    before = str([await running.rows(f"select * from {table}") for table in tables])  # the two above
    for hidden in ("811218", "8112189876", "Evas"):
        assert hidden not in before
    assert len(await running.rows("select from import_rows where sealed is not null")) == 1
    await work(running)
    left = await running.rows("select sealed, twin, reference from import_rows")
    assert left == [{"sealed": None, "twin": None, "reference": None}]
    assert await running.rows("select sealed, wrapped_key from imports") == [{"sealed": None, "wrapped_key": None}]
    (row,) = await told(running, answer.json())
    assert row["identity"] == "811218-••••"
    assert not tells_number(json.dumps(row))


async def test_a_formula_is_a_name_like_others(running: Running) -> None:
    await done(running, csv_of(content(details__name="=HYPERLINK(A1)"), content(details__name="@SUM(1)")))
    (created,) = await running.said("client-events")
    assert created["data"]["name"] == "=HYPERLINK(A1)"
    template = await running.http.get("/v1/clients/import/template", headers=running.token())
    assert template.headers["content-type"] == "text/csv; charset=utf-8"
    assert not any(cell[:1] in "=+-@" for cell in template.text.removeprefix("\ufeff").strip().split(";"))


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"name;number\nEva;811218-9876\n", "text/csv", 422, "invalid_csv"),
        (csv_of(content()).encode(), "application/json", 415, "unsupported_media_type"),
        (csv_of(content()).encode(), "text/csv; charset=klingon", 422, "invalid_csv"),
        (b"x" * (csv_files.MOST_BYTES + 1), "text/csv", 413, "payload_too_large"),
        (csv_of(*[content()] * (csv_files.MOST_ROWS + 1)).encode(), "text/csv", 413, "payload_too_large"),
    ],
    ids=["other columns", "no csv", "charset", "bytes", "rows"],
)
async def test_a_file_that_cannot_be_taken_is_refused_whole(
    running: Running, data: bytes, kind: str, status: int, code: str
) -> None:
    answer = await post(running, data, kind=kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not tells_number(answer.text)
    assert await running.rows("select from imports") == []


async def test_an_import_is_its_creators_and_the_administrators(running: Running) -> None:
    shown = await done(running, csv_of(*numbered(1)))
    path = f"/v1/clients/imports/{shown['import_id']}"
    for claims, status in (
        ({}, 200),
        (ADMIN, 200),
        ({"sub": "erik"}, 404),
        (ADMIN | {"agency": "byra-tva"}, 404),
        ({"client": "c-1"}, 403),
    ):
        for each in (path, f"{path}/rows"):
            answer: httpx.Response = await running.http.get(each, headers=running.token(**claims))
            assert answer.status_code == status
        tried = await post(running, csv_of(*numbered(1)), f"?tried={shown['import_id']}", **claims)
        assert tried.status_code == status
    assert len((await running.http.get("/v1/clients/imports", headers=running.token())).json()["items"]) == 1
    assert (await running.http.get("/v1/clients/imports", headers=running.token("erik"))).json()["items"] == []
    every = (await running.http.get("/v1/clients/imports?of=agency", headers=running.token(**ADMIN))).json()["items"]
    assert [each["import_id"] for each in every] == [shown["import_id"]]


async def test_an_agency_has_so_many_files_under_way(running: Running) -> None:
    for number in range(5):
        assert (await post(running, csv_of(*numbered(1, number)))).status_code == 202
    answer = await post(running, csv_of(*numbered(1, 5)))
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert (await post(running, csv_of(*numbered(1)))).status_code == 200
    assert (await post(running, csv_of(*numbered(1)), agency="byra-tva")).status_code == 202
    await work(running)
    assert (await post(running, csv_of(*numbered(1, 5)))).status_code == 202


async def test_an_import_is_forgotten_after_45_days(running: Running) -> None:
    await done(running, csv_of(*numbered(2)))
    await work(running, "forget-imports")
    assert len(await running.rows("select from import_rows")) == 2
    await running.context.database.execute("update imports set finished_at = finished_at - interval '46 days'")
    await work(running, "forget-imports")
    assert await running.rows("select from import_rows") == []


async def test_files_that_come_slowly_take_nobody_elses_place(running: Running) -> None:
    begun, rest = asyncio.Semaphore(0), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield csv_of(*numbered(1)).encode()
        begun.release()
        await rest.wait()

    def send(content: Any, **claims: Any) -> Any:
        headers = running.token(**claims) | {"content-type": "text/csv"}
        return running.http.post("/v1/clients/import", content=content, headers=headers)

    slow = [asyncio.create_task(send(slowly())) for _ in range(2)]
    async with asyncio.timeout(10):
        for _ in slow:
            await begun.acquire()
    other = await send(csv_of(*numbered(1)).encode(), agency="byra-tva")
    third = await send(csv_of(*numbered(1)).encode())
    rest.set()
    assert (other.status_code, third.status_code) == (202, 503)
    assert {answer.status_code for answer in await asyncio.gather(*slow)} <= {200, 202}
