"""A bell costs the same however many items its user has: plans and buffers, beside a hundred thousand items of one."""

from collections.abc import Awaitable, Callable
from typing import Any, get_args
from uuid import UUID

import orjson
import pytest

from services.notifier.store import inbox
from services.notifier.store.inbox import Act, Shown
from services.notifier.web.stream import FAR
from tests.integration.activation.test_plans import OfOne, Watched
from tests.integration.notifier.running import Running

FEW, MANY = 2_000, 100_000
FILL = (
    """insert into bells (id, client_id, agency, kind, cause_id, client_name, test, audience, waiting, correlation_id,
                          created_at)
       select lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 'byra-ett', 'client_listed', 'c-' || n,
              'Bolag ' || n, false, 'creator', false, 'c-' || n, now() - (100001 - n) * interval '1 minute'
         from generate_series(1, 100000) n""",
    """insert into notifications (id, bell_id, agency, sub, seq, created_at, seen_at, read_at, archived_at)
       select gen_random_uuid(), b.id, 'byra-ett', sub, n, b.created_at,
              case when n % 4 > 0 then now() end, case when n % 4 > 1 then now() end,
              case when n % 8 = 7 then now() end
         from (select *, row_number() over (order by id) as n from bells) b,
              lateral (select unnest(array['karin', case when n <= 2000 then 'erik' end, 'u-' || n % 1000])) s(sub)
        where sub is not null""",
    "insert into bell_counters select agency, sub, max(seq) from notifications group by 1, 2",
)
SIZES = {"erik": FEW, "karin": MANY}


@pytest.fixture
async def full(running: Running, infra: Any) -> Running:
    await running.owner_does(infra.superuser_dsn, *FILL, "vacuum analyze")
    return running


Look = Callable[[Any, str, int], Awaitable[Any]]
AGENCY = "byra-ett"


def page_of(shown: Shown | None) -> Look:
    return lambda one, sub, _size: inbox.page(one, AGENCY, sub, shown, None, None, 51)


LOOKS: dict[str, Look] = {
    **{f"page of {shown}": page_of(shown) for shown in (None, *get_args(Shown))},
    "a page in the middle": lambda one, sub, size: inbox.page(one, AGENCY, sub, None, None, size // 2, 51),
    "count": lambda one, sub, _size: inbox.count(one, AGENCY, sub),
    "catch-up": lambda one, sub, size: inbox.since(one, AGENCY, sub, size - FAR, FAR + 1),
    "too far behind": lambda one, sub, _size: inbox.since(one, AGENCY, sub, 0, FAR + 1),
    "changed": lambda one, sub, size: inbox.numbered(one, AGENCY, sub, range(size - 50, size)),
    "standing": lambda one, sub, _size: inbox.standing(one, [(AGENCY, sub)]),
}


async def buffers(uow: Any, watched: Watched) -> int:
    """Pages of shared buffers that the noted queries touch, asked again."""
    touched = 0
    for query, arguments in watched.queries:
        if query.split(None, 1)[0] in ("select", "update"):
            (row,) = await uow.connection.fetch(f"explain (analyze, buffers, format json) {query}", *arguments)
            plan = orjson.loads(row[0])[0]["Plan"]
            touched += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return touched


async def test_what_is_read_of_a_bell_does_not_grow_with_it(full: Running) -> None:
    """A tree of a hundred thousand has one level more than one of two thousand; the factor leaves room for that."""
    found: dict[str, dict[str, int]] = {}
    async with full.context.database.unit_of_work() as uow:
        for name, look in LOOKS.items():
            for sub, size in SIZES.items():
                watched = Watched()
                with watched.on(uow):
                    await look(OfOne(uow), sub, size)
                assert await watched.scans(uow, {"bells", "notifications"}) == []
                found.setdefault(name, {})[sub] = await buffers(uow, watched)
    grown = {name: each for name, each in found.items() if each["karin"] > 1.5 * each["erik"] + 10}
    assert grown == {}, found


async def test_what_a_user_does_with_an_item_costs_the_same_however_many_they_have(full: Running) -> None:
    """Would break: an item that is looked for among all of its user's, which is no whole table."""
    found: dict[str, int] = {}
    async with full.context.database.unit_of_work() as uow:
        one: Any = OfOne(uow)
        one.pokes = full.context.database.pokes
        for sub, size in SIZES.items():
            (row,) = await full.rows("select id from notifications where sub = $1 and seq = $2", sub, size // 4 * 3)
            watched = Watched()
            with watched.on(uow):
                for act in get_args(Act):
                    assert await inbox.mark(one, AGENCY, sub, row["id"], act) is not None
                    assert await inbox.mark(one, AGENCY, sub, UUID(int=0), act) is None
            assert await watched.scans(uow, {"bells", "notifications"}) == []
            found[sub] = await buffers(uow, watched)
    assert found["karin"] <= 1.5 * found["erik"] + 10, found
