"""What each attempt at a mail came to is kept and shown: when, how far, by which codes; nothing that was written."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from services.notifier.domain.attempts import KEPT
from services.notifier.leases import sweep
from tests.integration.notifier.running import Running
from tests.integration.notifier.stored import found
from tests.unit.notifier.events import listed

WRITTEN = "anna.hemlig@exempelbolaget.se"


async def tries(running: Running) -> list[dict[str, Any]]:
    """As an operator sees them, and the agency's people no less."""
    mail = await running.mail()
    operator = running.token("op", roles=["operator"])
    whole = (await running.http.get(f"/v1/operations/emails/{mail['id']}", headers=operator)).json()
    assert (await running.get(f"/v1/emails/{mail['id']}"))["tries"] == whole["tries"]
    shown: list[dict[str, Any]] = whole["tries"]
    return shown


def codes(tried: dict[str, Any]) -> tuple[Any, ...]:
    return tried["phase"], tried["smtp_code"], tried["enhanced_code"], tried["reason"]


async def test_each_attempt_is_told_in_order_with_its_codes_until_the_mail_was_sent(running: Running) -> None:
    running.server.mail = ["451 4.3.0 not now"]
    running.server.rcpt = [f"450 4.2.1 <{WRITTEN}> is over quota", "451 greylisted"]
    running.server.data = [f"452 4.2.2 {WRITTEN}"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("sent")
    told = await tries(running)
    assert sorted(map(codes, told[:-1]), key=str) == [
        ("content", 452, "4.2.2", "email_deferred"),
        ("recipient", 450, "4.2.1", "email_deferred"),
        ("recipient", 451, None, "email_deferred"),
        ("server", 451, "4.3.0", "mail_server_unavailable"),
    ]
    assert codes(told[-1]) == ("content", 250, None, None)
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)
    assert datetime.fromisoformat(told[-1]["at"]) == mail["settled_at"]
    assert {table for table, _ in await found(running, WRITTEN)} == set()


@pytest.mark.parametrize(
    ("answers", "state", "tried"),
    [
        ({"rcpt": ["550 5.1.1 no such user"]}, "failed", ("recipient", 550, "5.1.1", "email_rejected")),
        ({"data": ["554 5.6.0 no"]}, "failed", ("content", 554, "5.6.0", "email_rejected")),
        ({"data": ["drop"]}, "unknown", ("content", None, None, "email_outcome_unknown")),
    ],
    ids=["refused at the recipient", "refused at the content", "not answered"],
)
async def test_an_attempt_that_ended_a_mail_is_told(
    running: Running, answers: dict[str, list[str]], state: str, tried: tuple[Any, ...]
) -> None:
    for phase, said in answers.items():
        setattr(running.server, phase, said)
    await running.hear(listed(uuid4()))
    async with running.delivering():
        await running.mail_is(state)
    assert list(map(codes, await tries(running))) == [tried]


async def test_a_worker_that_died_with_the_content_out_is_an_attempt(running: Running) -> None:
    await running.hear(listed(uuid4()))
    taken = "update emails set state = 'transmitting', attempt = 1, lease_until = now() - interval '1 second'"
    await running.context.database.execute(taken)
    await sweep(running.context.database)
    assert list(map(codes, await tries(running))) == [("content", None, None, "email_outcome_unknown")]


async def test_the_newest_attempts_are_kept_and_no_more(running: Running) -> None:
    """A mail that is put off for days has as many as anybody will look at."""
    await running.hear(listed(uuid4()))
    mail = await running.mail()
    await running.context.database.execute(
        """insert into email_attempts select $1, n, now() - interval '1 day', 'recipient', 450, null, 'email_deferred'
             from generate_series(1, 30) n""",
        mail["id"],
    )
    await running.context.database.execute("update emails set attempt = 30")
    running.server.rcpt = ["550 5.1.1 no such user"]
    async with running.delivering():
        await running.mail_is("failed")
    told = await tries(running)
    assert len(told) == KEPT
    assert codes(told[-1]) == ("recipient", 550, "5.1.1", "email_rejected")
