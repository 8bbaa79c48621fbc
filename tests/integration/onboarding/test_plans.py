"""No list of onboarding reads a whole table: each one's plan, with a hundred thousand clients stored."""

from typing import Any
from uuid import UUID

import pytest

from services.onboarding.store import lists, people
from tests.integration.activation.test_plans import OfOne, Watched
from tests.integration.onboarding.running import Running

FILL = (
    """insert into clients (client_id, version, agency, status, name, name_key, identity_kind, identity_index,
         identity_mask, protected_identity, program_access, invoice_recipient, invoice_interval, counts,
         confirmation_email, locale, origin, test, external_ref, responsible_consultant, confirmed_duplicate,
         created_by_sub, created_at, correlation_id)
       select lpad(to_hex(n), 32, '0')::uuid, 2, 'byra-' || n % 20,
              case when n % 4 = 0 then 'submitted' else 'listed' end, 'Bolag ' || n, 'bolag ' || n, 'sole_trader',
              decode(md5(n::text), 'hex'), '…' || n % 100, false, true, 'agency', 'month', '{}',
              'a@b.se', 'sv', 'api', n % 50 = 0, 'ref-' || n, 'erik-' || n % 500, false,
              'karin-' || n % 500, now(), 'c-' || n
         from generate_series(1, 100000) n""",
    """insert into client_people (client_id, sub, relation)
       select client_id, 'anna-' || (row_number() over ()) % 500, 'linked' from clients""",
    "insert into agencies (agency, version, name, locale, client_visibility) values ('byra-17', 1, '', 'sv', 'linked')",
)


@pytest.fixture
async def full(running: Running, infra: Any) -> Running:
    await running.owner_does(infra.superuser_dsn, *FILL, "analyze")
    return running


async def reads(one: Any) -> None:
    """The list as an agency's people and its consultants with clients of their own ask for it."""
    agency, key = "byra-17", UUID(int=77)
    for sub in (None, "anna-77", "nobody"):
        for sought in (
            lists.Sought(only_of=sub),
            lists.Sought(status="listed", test=False, only_of=sub),
            lists.Sought("bolag 9", only_of=sub),
            lists.Sought("ref-77", "5569000002", only_of=sub),
        ):
            await lists.page(one, agency, sought, None, 51)
        await lists.page(one, agency, lists.Sought(only_of=sub), UUID(int=50_000), 51)
    await lists.one(one, agency, key)
    await lists.traced(one, key, None)
    await lists.traced(one, None, "c-77")
    assert await people.sees_own_only(one, agency)
    assert await people.is_hidden(one, agency, key, "nobody")
    assert not await people.is_hidden(one, agency, key, "karin-77")


async def test_no_list_of_clients_reads_a_whole_table(full: Running) -> None:
    watched = Watched()
    async with full.context.database.unit_of_work() as uow:
        with watched.on(uow):
            await reads(OfOne(uow))
        assert len(watched.queries) > 20
        assert await watched.scans(uow, {"clients", "client_people"}) == []
