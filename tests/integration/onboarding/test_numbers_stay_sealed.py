"""Personal numbers that come in by the guide and by files are in no table, event, answer or log in the clear."""

import base64
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.integration.onboarding.guide import Guide
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.sending_files import post, told, work
from tests.integration.onboarding.spellings import spellings, tables_with
from tests.unit.onboarding.contents import association, content, sole_trader
from tests.unit.onboarding.files import csv_of

NUMBERS = ("198112189876", "200002291235", "197010611239", "191212721219")
CONTENTS: tuple[dict[str, Any], ...] = (
    content(details__identity=sole_trader("811218-9876"), details__name="Evas måleri"),
    content(details__identity=association("20000229-1235"), details__name="Skidklubben"),
    content(details__identity={"kind": "organisation", "number": "701061-1239"}),
    content(details__identity={"kind": "estate", "number": "121272+1219"}),
    content(details__identity=sole_trader("811218-9876"), details__name="Firma 811218-9876"),
    content(details__identity=sole_trader("000229-1235"), external_ref="20000229–1235"),
    content(details__identity=sole_trader("701061-1239"), licences__counts={"701061-1239": 1}),
    content(licences__confirmation_email="8112189876@example.se"),
)


PLANT = """insert into idempotency_keys (scope, key, digest, status, body, created_at)
values ('planted', $2, $1, 201, '{}', now())"""


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    await running.register_agency()


def shows(text: str) -> list[str]:
    return sorted(each for number in NUMBERS for each in spellings(number) if each in text)


async def test_numbers_of_the_guide_are_nowhere_in_the_clear(running: Running) -> None:
    answers = []
    with capture_logs() as logs:
        for sent in CONTENTS:
            guide = await Guide.begun(running, {"details": {"name": "x"}})
            for step, part in ((1, "access"), (2, "details"), (3, "licences")):
                answers.append((await guide.put(step, sent[part], external_ref=sent.get("external_ref"))).text)
            answers += [(await guide.read()).text, (await guide.submit()).text]
        answers.append((await running.http.get("/v1/drafts", headers=running.token())).text)
    assert await tables_with(running, NUMBERS) == {}
    assert shows("\n".join(answers)) == []
    assert shows(str(logs)) == []
    assert len(await running.said("client-events")) == 2


@pytest.mark.parametrize("query", ["", "?dry_run=true"], ids=["done", "tried"])
async def test_numbers_of_a_file_are_nowhere_in_the_clear(running: Running, query: str) -> None:
    named = [each for each in CONTENTS if "701061-1239" not in each["licences"]["counts"]]
    with capture_logs() as logs:
        taken = await post(running, csv_of(*named), query)
        assert await tables_with(running, NUMBERS) == {}
        await work(running)
    assert await tables_with(running, NUMBERS) == {}
    rows = await told(running, taken.json())
    assert len(rows) == len(named)
    assert shows(f"{taken.text} {rows} {logs}") == []


@pytest.mark.parametrize("written", ["19811218-9876", "8112189876", "811218–9876"])
async def test_the_search_finds_what_is_there(running: Running, written: str) -> None:
    """Planted in the clear, as bytes, and inside what is encoded."""
    planted = (written.encode(), base64.b64encode(f"nr {written}, ok".encode()), f"nr {written}".encode())
    for digest, key in [*((b"", each.decode()) for each in planted), (planted[2], "")]:
        await running.context.database.execute(PLANT, digest, key)
        assert list(await tables_with(running, NUMBERS)) == ["idempotency_keys"]
        await running.context.database.execute("delete from idempotency_keys")
