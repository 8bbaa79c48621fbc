"""Nobody lists another agency's clients by trying numbers out: in the API, in drafts or in files, in all of them."""

import asyncio
from typing import Any

import pytest

from services.onboarding import look_ups
from services.onboarding.domain.creation import Wanted
from services.onboarding.store import look_ups as store
from tests.eventually import eventually
from tests.integration.onboarding.guide import Guide
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.sending_files import done, numbered, post, told, work
from tests.unit.onboarding.contents import content, organisation
from tests.unit.onboarding.files import csv_of

ELSEWHERE = numbered(6)
FREE = content(details__identity__number=organisation(50))


@pytest.fixture(autouse=True)
async def full_agency(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two agencies; the second has all clients, and the first may be told of three an hour; this one does not end."""
    now = running.context.database.clock()
    running.context.database.clock = lambda: now
    monkeypatch.setattr("services.onboarding.look_ups.MOST_TOLD", 3)
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)
    await done(running, csv_of(*ELSEWHERE), agency="byra-tva", sub="stina")


async def create(running: Running, sent: dict[str, Any], **claims: Any) -> tuple[int, str | None]:
    answer = await running.create(sent, **claims)
    return answer.status_code, answer.json().get("code")


async def drafted(running: Running, sent: dict[str, Any], **claims: Any) -> list[str]:
    return [code for _, code in (await Guide.begun(running, sent, **claims)).told("warnings")]


async def rows_of(running: Running, *sent: dict[str, Any], query: str = "") -> list[tuple[str, str | None]]:
    rows = await told(running, await done(running, csv_of(*sent), query))
    return [(each["status"], each["code"]) for each in rows]


async def test_who_creates_is_told_of_so_many(running: Running) -> None:
    for sent in (*ELSEWHERE[:3], ELSEWHERE[0]):
        assert await create(running, sent) == (409, "client_exists_elsewhere")
    answer = await running.create(ELSEWHERE[3])
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert await create(running, FREE) == (201, None)
    assert await create(running, ELSEWHERE[4], sub="erik") == (409, "client_exists_elsewhere")


async def test_a_draft_that_is_told_of_too_many_says_no_more_whether_found_or_not(running: Running) -> None:
    for sent in ELSEWHERE[:3]:
        assert await drafted(running, sent) == ["client_exists_elsewhere"]
    for sent in (ELSEWHERE[3], FREE, ELSEWHERE[0]):
        assert await drafted(running, sent) == ["rate_limited"]
    assert await drafted(running, {"access": {}}) == []


async def test_a_dry_run_tells_of_no_more_whether_found_or_not(running: Running) -> None:
    assert await rows_of(running, *ELSEWHERE[:4], FREE, query="?dry_run=true") == [
        *[("refused", "client_exists_elsewhere")] * 3,
        *[("refused", "rate_limited")] * 2,
    ]
    assert await rows_of(running, ELSEWHERE[5], FREE) == [("refused", "rate_limited"), ("created", None)]


async def test_all_ways_are_counted_together(running: Running) -> None:
    await create(running, ELSEWHERE[0])
    await drafted(running, ELSEWHERE[1])
    await rows_of(running, ELSEWHERE[2])
    assert await create(running, ELSEWHERE[3]) == (429, "rate_limited")


async def test_a_number_is_counted_once_and_kept_by_its_digest_for_a_day(running: Running) -> None:
    for _ in range(2):
        await create(running, ELSEWHERE[0])
        await drafted(running, ELSEWHERE[0])
    (row,) = await running.rows("select * from look_ups")
    assert ELSEWHERE[0]["details"]["identity"]["number"].replace("-", "") not in str(row)
    await running.context.database.execute("update look_ups set hour = hour - interval '2 days'")
    async with running.context.database.unit_of_work() as uow:
        assert await store.forget_old(uow) == 1
    assert await post(running, csv_of(FREE))
    await work(running)


async def test_a_submission_that_is_refused_is_counted_as_a_creation_is(running: Running) -> None:
    """Five drafts were stored while nothing was told; in the next hour each is submitted."""
    guides = [await Guide.begun(running, sent) for sent in ELSEWHERE[:5]]
    await running.context.database.execute("delete from look_ups")
    told_codes = [(await guide.submit()).json()["code"] for guide in (*guides, guides[0])]
    assert told_codes == [*["client_exists_elsewhere"] * 3, *["rate_limited"] * 2, "client_exists_elsewhere"]
    assert await create(running, ELSEWHERE[5]) == (429, "rate_limited")


async def test_a_file_that_was_tried_is_told_the_same_when_it_is_done(running: Running) -> None:
    """A number is counted once an hour, in a dry run and in earnest together."""
    for query in ("?dry_run=true", ""):
        assert await rows_of(running, *ELSEWHERE[:3], query=query) == [("refused", "client_exists_elsewhere")] * 3


async def test_of_two_numbers_asked_for_at_once_both_are_counted(running: Running) -> None:
    for sent in ELSEWHERE[:2]:
        await create(running, sent)
    async with running.context.database.unit_of_work() as uow:
        await look_ups.must_be_told(uow, "byra-ett", "karin", Wanted.of(ELSEWHERE[2], "byra-ett", None))
        asking = asyncio.create_task(create(running, ELSEWHERE[3]))
        await eventually(lambda: running.rows("select from pg_locks where not granted"), within=10)
    assert await asking == (429, "rate_limited")
