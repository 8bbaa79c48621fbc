"""Promises of an import: each row is done once, whoever creates the same client meanwhile and whatever is killed."""

import asyncio
import sys
from pathlib import Path

import pytest

from chassis.commands import execute
from chassis.ids import uuid7
from chassis.settings import environment
from chassis.unit_of_work import Cause
from schemas.values import Person
from services.onboarding import importing
from services.onboarding.domain import csv_files
from services.onboarding.domain.creation import CreateClient, Wanted
from services.onboarding.handlers import CREATIONS
from tests.eventually import eventually
from tests.infrastructure import ROOT
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.sending_files import numbered, post, work
from tests.unit.onboarding.files import csv_of

OTHER_JOBS = 3
"""Two that every service has, and announcing; they pass a commit before the first batch does."""


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    """Two agencies."""
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)


async def test_a_client_that_somebody_creates_meanwhile_loses_no_other_row(running: Running) -> None:
    """Two who create the same client are told apart by a unique index; without a new decision the job would fail."""
    await post(running, csv_of(*numbered(3)))
    sent, person = numbered(1)[0], Person(sub="erik", name="Erik")
    async with running.context.database.unit_of_work() as uow:
        command = CreateClient(uuid7(), "byra-ett", sent, person, "c")
        await execute(uow, CREATIONS, Wanted.of(sent, "byra-ett", None), command, Cause("c"))
        working = asyncio.create_task(work(running))
        await eventually(lambda: running.rows("select from pg_locks where not granted"), within=10)
    (worked,) = await asyncio.gather(working, return_exceptions=True)
    assert worked == 3 + 1, "the rows, and their end"
    (shown,) = (await running.http.get("/v1/clients/imports", headers=running.token())).json()["items"]
    assert (shown["status"], shown["rows"]["created"], shown["rows"]["known"]) == ("done", 2, 1)
    assert len(await running.said("client-events")) == 3


async def test_of_one_file_sent_twice_at_once_one_import_comes_about(running: Running) -> None:
    """A unique index on the agency and the digest of the file decides; who comes second is answered the first."""
    data = csv_of(*numbered(2))
    file, person = importing.read(data.encode(), None), Person(sub="karin", name="Karin")
    async with running.context.database.unit_of_work() as uow:
        first, _ = await importing.start(uow, "byra-ett", person, file, dry_run=False, why=Cause("c"))
        sending = asyncio.create_task(post(running, data))
        await eventually(lambda: running.rows("select from pg_locks where not granted"), within=10)
    second = await sending
    assert second.status_code == 200, second.text
    assert second.json()["import_id"] == str(first.import_id)
    assert len(await running.rows("select from import_rows")) == 2


@pytest.mark.parametrize("place", ["unit_of_work.before_commit", "unit_of_work.after_commit"])
async def test_a_process_that_is_killed_in_the_middle_does_no_row_twice_and_leaves_none(
    running: Running, place: str, tmp_path: Path
) -> None:
    """What became of rows is stored in the transaction that creates their clients."""
    taken = await post(running, csv_of(*numbered(1500)))
    child_environment = {
        **environment(),
        "AKTIVERA_ENVIRONMENT": "test",
        "AKTIVERA_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "AKTIVERA_TOKEN_KEYS_FILE": str(tmp_path / "keys.json"),
        "AKTIVERA_FAILPOINT": f"{place}:kill@{OTHER_JOBS + 3}",
        "ONBOARDING_DATABASE_DSN": running.context.settings.database_dsn,
        "ONBOARDING_CONSUME": "false",
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.onboarding",
        cwd=ROOT,
        env=child_environment,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        assert await asyncio.wait_for(child.wait(), 60) == -9
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    (left,) = await running.rows("select count(*) as n from import_rows where status = 'pending'")
    assert 0 < left["n"] < 1500

    async def is_done() -> bool:
        await work(running)  # Postgres may not have noticed yet that who holds the import is gone
        shown = (await running.http.get(taken.headers["location"], headers=running.token())).json()
        assert (shown["status"], shown["rows"]["created"], shown["rows"]["refused"]) == ("done", 1500, 0)
        return True

    await eventually(is_done, within=20)
    said = [each["subject"] for each in await running.said("client-events")]
    assert len(said) == len(set(said)) == 1500
    assert await running.rows("select count(*) as n from clients") == [{"n": 1500}]


async def test_ten_thousand_rows_are_done_and_show_how_far_they_are(running: Running) -> None:
    data = csv_of(*numbered(csv_files.MOST_ROWS))
    taken = await post(running, data)
    assert taken.status_code == 202
    working = asyncio.create_task(work(running))
    seen = []
    while not working.done():
        shown = (await running.http.get(taken.headers["location"], headers=running.token())).json()
        seen.append(shown["rows"]["done"])
        await asyncio.wait({working}, timeout=0.05)
    await working
    assert len({each for each in seen if 0 < each < csv_files.MOST_ROWS}) > 3, "no progress was to be seen"
    assert await running.rows("select count(*) as n from clients") == [{"n": csv_files.MOST_ROWS}]
