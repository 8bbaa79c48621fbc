"""No query about mails reads a whole table: each one's plan, with a hundred thousand mails stored."""

from typing import Any
from uuid import UUID

import pytest

from services.notifier.store import counts, emails, every_mail, gate
from tests.integration.activation.test_plans import OfOne, Watched
from tests.integration.notifier.running import Running

MAILS = 100_000
FILL = """
insert into emails (id, template, cause_id, recipient, client_id, agency, client_name, locale, test, facts,
                    correlation_id, created_at, state, due_at, settled_at)
select lpad(to_hex(n), 32, '0')::uuid, 'confirmation', 'c-' || n, 'a' || n || '@b.se',
       lpad(to_hex(n), 32, '0')::uuid, 'byra-' || n % 500, 'Bolag ' || n, 'sv', false, '{}', 'c-' || n,
       now() - (100000 - n) * interval '1 minute', s, now(),
       case when s = any('{sent,failed,unknown}') then now() - (100000 - n) * interval '1 minute' end
  from generate_series(1, 100000) n,
       lateral (select case n % 1000 when 1 then 'pending' when 2 then 'failed' when 3 then 'unknown'
                                     when 4 then 'retry' else 'sent' end) as s(s)"""

NOT_SENT = {"emails_due", "emails_leased", "emails_ended_badly"}


@pytest.fixture
async def full(running: Running, infra: Any) -> Running:
    await running.owner_does(infra.superuser_dsn, FILL, "analyze")
    return running


async def reads(one: Any, uow: Any) -> None:
    """Everything that is asked of mails by people, operators and metrics."""
    agency, key = "byra-77", UUID(int=77)
    for wanted in (
        emails.Wanted(),
        emails.Wanted(state="failed"),
        emails.Wanted(client_id=key),
        emails.Wanted(template="reminder"),
        emails.Wanted(client_id=key, template="confirmation", only_of="karin"),
        emails.Wanted(q="bolag 9"),
        emails.Wanted(only_of="karin"),
        emails.Wanted(state="failed", only_of="karin"),
    ):
        await emails.page(one, agency, wanted, None, 51)
    await emails.page(one, agency, emails.Wanted(), UUID(int=5000), 51)
    await emails.one(one, agency, key)
    await emails.load(uow, [(agency, key)])
    for state in every_mail.CONDITIONS:
        for wanted_ in (
            every_mail.Wanted(state, agency=agency),
            every_mail.Wanted(state, client_id=key),
            *([] if state == "sent" else [every_mail.Wanted(state), every_mail.Wanted(state, template="reminder")]),
        ):
            await every_mail.page(one, wanted_, None, 51)
    mail = await every_mail.one(one, key, "b.se")
    assert mail is not None
    await every_mail.copies(one, mail)
    await counts.count(one)
    await gate.standing(one)
    await gate.would_send(one, "b.se", 50)


async def test_no_query_about_mails_reads_a_whole_table(full: Running) -> None:
    watched = Watched()
    async with full.context.database.unit_of_work() as uow:
        with watched.on(uow):
            await reads(OfOne(uow), uow)
        assert len(watched.queries) > 40
        assert await watched.scans(uow, {"emails"}, NOT_SENT) == []
