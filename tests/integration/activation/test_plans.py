"""No query of activation reads a whole table: each one's plan, with a hundred thousand clients stored."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.activation.domain.acts import Settle, decide
from services.activation.domain.client import Cell
from services.activation.domain.history import Author
from services.activation.domain.tried import Tried
from services.activation.store import (
    access,
    activations,
    acts,
    agencies,
    clients,
    history,
    lists,
    reminders,
    removals,
    snapshots,
)
from services.activation.store.lists import NEWEST, Wanted
from tests.integration.activation.running import Running
from tests.unit.activation.clients import RULES

CLIENTS = 100_000
LARGE = {"activations", "licences", "users", "grants", "invitations", "reductions", "links", "history"}

FILL = (
    """insert into activations (client_id, agency, client_name, status, origin, test, program_access,
         confirmation_email, locale, created_by_sub, responsible_consultant, correlation_id, version, created_at,
         listed_at, activated_by_sub, activated_at, due_at)
       select (lpad(to_hex(n), 32, '0'))::uuid, 'byra-' || n % 20, 'Bolag ' || n,
              case when n % 4 = 0 then 'pending' else 'activated' end, 'api', false, true, 'a@b.se', 'sv', 'karin',
              'erik-' || n % 500, 'c-' || n, 2, now(), now() - n * interval '1 minute',
              case when n % 4 = 0 then null else 'karin' end, case when n % 4 = 0 then null else now() end,
              case when n % 1000 = 0 then now() - interval '1 day' end
         from generate_series(1, $1::int) n""",
    """insert into licences (client_id, program, ordered, purchased)
       select client_id, p, 2, 2 from activations, unnest(array['bookkeeping', 'invoicing']) p""",
    """insert into users (client_id, user_id, kind, sub, name, email, locale, state, logged_in_at)
       select client_id, client_id, 'consultant', 'karin-' || (row_number() over ()) % 500, 'K', 'k@b.se', 'sv',
              'active', now() from activations""",
    """insert into grants (client_id, user_id, kind, level, granted_at)
       select client_id, user_id, 'system_administrator', 'on', now() from users""",
    """insert into invitations (client_id, user_id, invitation_id, state, generation, mailing, kid, invited_by_sub,
         invited_by_name, expires_at, resends_on)
       select client_id, user_id, client_id, 'open', 1, 1, 'k', 'karin', 'Karin', now(), '' from users""",
    """insert into reductions (client_id, reduction_id, program, count, effective_at, reason, by_source,
         rises)
       select client_id, client_id, 'invoicing', 1, now(), 'ended', false, false from activations""",
    "insert into links (client_id, sub) select client_id, sub from users",
    """insert into history (client_id, agency, at, act, by_sub, acting_as, correlation_id, kind, user_id, own,
         access_version)
       select client_id, agency, now(), 'save', 'karin', 'consultant', correlation_id, 'licence', client_id, false, 1
         from activations""",
)


@pytest.fixture
async def full(running: Running, infra: Any) -> Running:
    address = running.context.settings.dsn
    connection: asyncpg.Connection[Any] = await asyncpg.connect(address)
    try:
        for statement in FILL:
            await connection.execute(statement, *([CLIENTS] if "$1" in statement else []), timeout=120)
    finally:
        await connection.close()
    await running.owner_does(infra.superuser_dsn, "analyze")
    return running


class Watched:
    """Notes each query with its arguments; afterwards each is explained."""

    def __init__(self) -> None:
        self.queries: list[tuple[str, Any]] = []

    @contextmanager
    def on(self, uow: UnitOfWork) -> Iterator[None]:
        with uow.connection.query_logger(lambda each: self.queries.append((each.query, _of_one(each.args)))):
            yield

    async def scans(
        self, uow: UnitOfWork, large: Collection[str] = frozenset(LARGE), parts: Collection[str] = ()
    ) -> list[str]:
        """Large tables that a plan reads whole, with the query. `parts`: indexes of a small part, which may be read."""
        await asyncio.sleep(0)  # the driver hands queries over by and by
        found = []
        for query, arguments in self.queries:
            words = query.split(None, 1)
            if not words or words[0].lower() not in ("select", "with", "update", "delete", "insert"):
                continue
            async with uow.savepoint():
                (row,) = await uow.connection.fetch(f"explain (format json) {query}", *arguments)
            plan = orjson.loads(row[0])[0]["Plan"]
            found += [f"{table}: {query}" for table in _whole(plan, parts) if table in large]
        return found


def _of_one(arguments: Sequence[Any]) -> Sequence[Any]:
    """Of a statement that was said for several rows at once, those of the first."""
    return arguments[0] if isinstance(arguments, list) else arguments


def _whole(plan: dict[str, Any], parts: Collection[str], first: bool = False) -> Iterator[str]:  # a walk's own state
    """Tables of which all is read: row by row, or by an index without a condition, unless only its first is wanted."""
    index = plan["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
    part = plan.get("Index Name") in parts
    if plan["Node Type"] == "Seq Scan" or (index and "Index Cond" not in plan and not first and not part):
        yield plan.get("Relation Name") or plan["Index Name"]
    for below in plan.get("Plans", ()):
        yield from _whole(below, parts, plan["Node Type"] == "Limit" and plan["Plan Rows"] == 1)


class OfOne:
    """A database that asks on one connection, so that what it asks is seen."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def clock(self) -> Any:
        return self._uow.now

    async def fetch(self, query: str, *arguments: object) -> list[Any]:
        return await self._uow.connection.fetch(query, *arguments)

    async def fetchrow(self, query: str, *arguments: object) -> Any:
        return await self._uow.connection.fetchrow(query, *arguments)

    async def execute(self, query: str, *arguments: object) -> str:
        return await self._uow.connection.execute(query, *arguments)


async def reads(uow: UnitOfWork) -> None:
    """Everything that is read of lists, histories and access."""
    one: Any = OfOne(uow)
    key, agency = UUID(int=77), "byra-17"
    for own in (False, True):
        for status in ("pending", "activated"):
            wanted = Wanted([status], "", "karin-77", own)
            await lists.page(one, agency, wanted, NEWEST, 51)
            await lists.page(one, agency, Wanted([status], "bolag 9", "karin-77", own, hidden=False), NEWEST, 51)
        await lists.one(one, agency, key, "karin-77", own=own)
        await lists.visible(one, agency, [key, UUID(int=97)], "karin-77", own=own)
    narrow = Wanted(
        ["pending"], "", "karin-77", own=False, responsible="erik-3", listed_before=uow.now - timedelta(days=9)
    )
    for wanted in (narrow, replace(narrow, own=True, responsible=None), replace(narrow, own=True, created_by="erik-3")):
        await lists.page(one, agency, wanted, NEWEST, 51)
    await lists.of_client(one, key)
    await lists.of_correlation(one, "c-77")
    await acts.of_client(one, key)
    await acts.of_correlation(one, "c-77")
    await lists.sees_own_only(one, agency)
    await lists.hide(one, agency, "karin", [key])
    await lists.unhide(one, agency, "karin", [key])
    await access.user(one, key, key)
    await access.client_of_invitation(one, key)
    await history.page(one, key, 2**40, 51, history.Wanted())
    await history.page(one, key, 2**40, 51, history.Wanted(user_id=key))
    await history.since(one, key, 0, 500)
    await clients.agency_of(uow, key)
    await snapshots.activations(one, str(key), 100)


async def works(uow: UnitOfWork) -> None:
    """Everything that jobs and acts read and write."""
    await agencies.load(uow, ["byra-17"])
    await activations.load_for_arrow(uow, [UUID(int=76)])
    await reminders.waiting(uow, 7, uow.now.date(), 100)
    await removals.clients_of(uow, "byra-17", "karin-77")
    due = await clients.due(uow, 100)
    assert len(due) == CLIENTS // 1000
    found = await clients.load(uow, due[:20])
    for key, client in found.items():
        after = decide(client, Settle(RULES), uow.now).state
        await clients.save(uow, [Change(key, client, after)])
    author = Author("save", "karin", "consultant")
    cell = Cell(UUID(int=77), "system_administrator")
    wanted = (Tried(cell.user_id, cell=cell), Tried(invitation_id=UUID(int=77)))
    await history.refuse(uow, history.Refusal(UUID(int=77), "byra-17", author, "not_found", "c", wanted))


async def test_no_query_reads_a_whole_table(full: Running) -> None:
    watched = Watched()
    async with full.context.database.unit_of_work() as uow:
        with watched.on(uow):
            await reads(uow)
            await works(uow)
        assert len(watched.queries) > 60
        assert await watched.scans(uow) == []


async def test_a_query_that_does_is_noticed(running: Running) -> None:
    watched = Watched()
    async with running.context.database.unit_of_work() as uow:
        with watched.on(uow):
            await uow.connection.fetch("select client_id from activations where client_name = $1", "x")
        (scan,) = await watched.scans(uow)
    assert scan.startswith("activations: ")
