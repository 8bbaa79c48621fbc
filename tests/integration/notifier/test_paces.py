"""Rates: what must wait for its domain is in nobody's way, counts as no attempt, and goes."""

from dataclasses import replace
from uuid import uuid4

from chassis.service import Context
from tests.eventually import eventually
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

SLOW = 0.001
"""A second: the next but the burst comes after the test."""


def paced(running: Running, **rates: float) -> Context:
    changes = {f"mail_{name}": rate for name, rate in rates.items()}
    return replace(running.context, settings=running.context.settings.model_copy(update=changes))


async def hear(running: Running, domain: str, count: int, agency: str = "byra-ett") -> None:
    await running.hear(
        *(listed(uuid4(), agency=agency, confirmation_email=f"u{n}@{domain}") for n in range(count)),
    )


async def _came(running: Running, sent: int, put_off: int) -> list[str]:
    """The recipients of what was sent, once so many were and so many wait for their domain."""
    rows = await running.rows("select recipient, state, reason, attempt - uncounted as attempts from emails")
    waits = [row for row in rows if row["state"] == "retry"]
    assert (len([row for row in rows if row["state"] == "sent"]), len(waits)) == (sent, put_off)
    assert {(row["reason"], row["attempts"]) for row in waits} <= {("email_paced", 0)}
    return [row["recipient"] for row in rows if row["state"] == "sent"]


async def test_what_waits_for_its_domain_is_in_nobody_s_way_and_counts_as_no_attempt(running: Running) -> None:
    """Would break: claimed mails that are kept until they may go, while those of other domains stand behind them."""
    await hear(running, "slow.example.se", 40)
    await hear(running, "Other.example.se", 2)
    async with running.delivering(paced(running, domain_rate_per_second=SLOW, domain_burst_mails=3)):
        sent = await eventually(lambda: _came(running, 5, 37), within=20)
    assert sorted(each.rpartition("@")[2] for each in sent) == ["Other.example.se"] * 2 + ["slow.example.se"] * 3
    assert len(running.server.accepted) == 5


async def test_what_waited_for_its_domain_goes(running: Running) -> None:
    await hear(running, "example.se", 12)
    async with running.delivering(paced(running, domain_rate_per_second=20.0, domain_burst_mails=1)):
        await running.all_settled(within=30)
    rows = await running.rows("select state, attempt - uncounted as attempts, deferrals from emails")
    assert [(row["state"], row["attempts"], row["deferrals"]) for row in rows] == [("sent", 1, 0)] * 12


async def test_one_domain_s_case_is_no_other_domain(running: Running) -> None:
    await hear(running, "example.se", 2)
    await hear(running, "EXAMPLE.se", 2)
    async with running.delivering(paced(running, domain_rate_per_second=SLOW, domain_burst_mails=1)):
        await eventually(lambda: _came(running, 1, 3), within=20)


async def test_a_server_gets_no_more_than_its_rate_and_each_agency_its_turn(running: Running) -> None:
    """Would break: a burst that one agency's many use up, or a rate that the connections do not share."""
    await hear(running, "example.se", 20)
    await hear(running, "example.se", 2, agency="byra-tva")
    async with running.delivering(paced(running, server_rate_per_second=SLOW, server_burst_mails=4)):
        await eventually(lambda: _came(running, 4, 0), within=20)
    agencies = [row["agency"] for row in await running.rows("select agency from emails where state = 'sent'")]
    assert sorted(agencies) == ["byra-ett"] * 2 + ["byra-tva"] * 2
    assert len(await running.rows("select from emails where state = 'pending'")) == 18


async def test_a_server_s_rate_goes_on_while_mails_wait(running: Running) -> None:
    await hear(running, "example.se", 8)
    async with running.delivering(paced(running, server_rate_per_second=20.0, server_burst_mails=1)):
        await running.all_settled(within=30)
    assert len(running.server.accepted) == 8
