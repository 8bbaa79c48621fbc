"""Files of several agencies take turns; one that cannot be opened holds up nobody else's, and bounds hold at once."""

import asyncio
from collections import Counter

import pytest

from chassis.unit_of_work import Cause
from schemas.values import Person
from services.onboarding import drafting
from services.onboarding.drafting import Viewer
from tests.eventually import eventually
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.sending_files import numbered, post, work
from tests.unit.onboarding.contents import content
from tests.unit.onboarding.files import csv_of


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    """Two agencies."""
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)


async def standing(running: Running) -> list[tuple[str, str, int]]:
    rows = await running.rows("select agency, status, created from imports order by import_id")
    return [(row["agency"], row["status"], row["created"]) for row in rows]


@pytest.mark.parametrize("table", ["imports", "import_rows"], ids=["its key", "a row"])
async def test_an_import_that_cannot_be_opened_holds_up_nobody_elses_and_is_tried_again(
    running: Running, table: str
) -> None:
    await post(running, csv_of(*numbered(2)))
    await post(running, csv_of(*numbered(2, first=2)), agency="byra-tva")
    damage = f"update {table} set sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20))"  # one of the two above
    of_first = " where import_id = (select min(import_id::text)::uuid from imports)"
    await running.context.database.execute(damage + of_first)
    await work(running)
    assert await standing(running) == [("byra-ett", "running", 0), ("byra-tva", "done", 2)]
    assert await work(running) == 0, "it is left alone for a while"
    await running.context.database.execute(damage + of_first)
    await running.context.database.execute("update imports set next_try_at = now() where status = 'running'")
    await work(running)
    assert await standing(running) == [("byra-ett", "done", 2), ("byra-tva", "done", 2)]
    assert await running.rows("select failures, next_try_at from imports where failures > 0") == []


async def test_a_small_file_does_not_wait_for_the_whole_of_a_large_one(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.onboarding.importing.AT_ONCE", 1)
    await post(running, csv_of(*numbered(6)))
    await post(running, csv_of(*numbered(1, first=6)), agency="byra-tva")
    await work(running)
    said = [each["data"]["agency"] for each in await running.said("client-events")]
    assert said.index("byra-tva") == 1
    assert len(said) == 7


async def test_of_many_files_at_once_so_many_are_taken(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.onboarding.importing.MOST_RUNNING", 1)
    monkeypatch.setattr("services.onboarding.web.imports.MOST_AT_ONCE", 8)
    answers = await asyncio.gather(*(post(running, csv_of(*numbered(1, first=n)), sub=f"p{n}") for n in range(4)))
    assert Counter(each.status_code for each in answers) == {202: 1, 429: 3}


async def test_of_two_drafts_begun_at_once_so_many_are_begun(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes second waits until the first is counted."""
    monkeypatch.setattr("services.onboarding.drafting.MOST_OPEN", 1)
    viewer, karin = Viewer("byra-ett", "karin", agency_admin=False), Person(sub="karin", name="Karin")
    async with running.context.database.unit_of_work() as uow:
        await drafting.start(uow, viewer, karin, {}, Cause("c"))
        other = running.http.post("/v1/drafts", json={}, headers=running.token())
        beginning = asyncio.create_task(other)
        await eventually(lambda: running.rows("select from pg_locks where not granted"), within=10)
    assert (await beginning).json()["code"] == "too_many_drafts"


async def test_a_colleague_who_sends_the_same_file_sees_the_import(running: Running) -> None:
    data = csv_of(*numbered(2))
    first = await post(running, data)
    for _ in range(2):
        again = await post(running, data, sub="erik")
        assert (again.status_code, again.json()["import_id"]) == (200, first.json()["import_id"])
    await work(running)
    headers = running.token("erik")
    for path in (again.headers["location"], f"{again.headers['location']}/rows"):
        assert (await running.http.get(path, headers=headers)).status_code == 200
    (listed,) = (await running.http.get("/v1/clients/imports", headers=headers)).json()["items"]
    assert (listed["import_id"], listed["created_by"]["sub"]) == (first.json()["import_id"], "karin")
    assert await running.rows("select also_sent_by from imports") == [{"also_sent_by": ["erik"]}]
    assert (await running.http.get(path, headers=running.token("sven"))).status_code == 404


async def test_the_same_bytes_in_other_letters_are_another_file_and_the_same_text_is_the_same(running: Running) -> None:
    sent = csv_of(content(details__name="Åkessons bär AB"))
    wrong = await post(running, sent, kind="text/csv; charset=windows-1252")
    right = await post(running, sent, kind="text/csv; charset=utf-8")
    assert (wrong.status_code, right.status_code) == (202, 202)
    for data, kind in ((sent, "text/csv"), (sent.encode("cp1252"), "text/csv; charset=latin1")):
        again = await post(running, data, kind=kind)
        assert (again.status_code, again.json()["import_id"]) == (200, right.json()["import_id"])
