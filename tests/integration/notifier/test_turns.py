"""One agency's many mails do not hold back another's first; what picks the next mails costs the same whatever waits."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson

from services.notifier.store import deliveries
from services.notifier.store.turns import NEXT_TURNS, rise
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

FILL = """
insert into emails (id, template, cause_id, recipient, client_id, agency, client_name, locale, test, facts,
  correlation_id, created_at, due_at, state, settled_at, turn)
select uuidv7(), 'confirmation', n::text, 'a' || n || '@example.se', uuidv7(), 'byra-' || n % $2, 'Bolag', 'sv', false,
       '{"program_access": true, "counts": {}}', 'c', now(), now(), case when n % 2 = 0 then 'sent' else 'pending' end,
       case when n % 2 = 0 then now() end, n / $2
  from generate_series(1, $1) n"""
NARROW, WIDE = 400, 40_000


async def hear(running: Running, agency: str, count: int) -> None:
    await running.hear(*(listed(uuid4(), agency=agency, confirmation_email=f"{agency}-{n}@e.se") for n in range(count)))


async def claimed(running: Running, limit: int) -> list[str]:
    database = running.context.database
    mails = await deliveries.claim(database, database.clock(), limit, 60, uuid4())
    return [mail.recipient.rpartition("-")[0] for mail in mails]


async def test_another_agency_s_first_mail_is_the_next(running: Running) -> None:
    await hear(running, "byra-ett", 12)
    assert await claimed(running, 4) == ["byra-ett"] * 4
    await hear(running, "byra-tva", 3)
    assert sorted(await claimed(running, 2)) == ["byra-ett", "byra-tva"]
    assert sorted(await claimed(running, 4)) == ["byra-ett"] * 2 + ["byra-tva"] * 2
    assert await claimed(running, 9) == ["byra-ett"] * 5


async def test_mails_that_were_put_off_come_back_into_their_agency_s_line(running: Running) -> None:
    await hear(running, "byra-ett", 6)
    await running.context.database.execute("update emails set state = 'retry', turn = null, due_at = now()")
    assert await claimed(running, 9) == []
    await rise(running.context.database, running.context.database.clock(), 4)
    await hear(running, "byra-tva", 1)
    await rise(running.context.database, running.context.database.clock(), 4)
    assert sorted(await claimed(running, 2)) == ["byra-ett", "byra-tva"]
    assert await claimed(running, 9) == ["byra-ett"] * 5


async def test_a_mail_rises_when_its_time_has_come(running: Running) -> None:
    await hear(running, "byra-ett", 1)
    database = running.context.database
    await database.execute("update emails set state = 'retry', turn = null, due_at = $1", database.clock())
    await rise(database, database.clock() - timedelta(minutes=1), 4)
    assert await claimed(running, 9) == []
    await rise(database, database.clock(), 4)
    assert await claimed(running, 9) == ["byra-ett"]


async def test_a_claim_and_a_turn_touch_as_much_whatever_is_stored(running: Running, infra: Any) -> None:
    found = {}
    for rows in (NARROW, WIDE):
        await running.context.database.execute(FILL, rows, 20)
        await running.owner_does(infra.superuser_dsn, "vacuum analyze emails")
        found[rows] = await _touched(running)
        await running.context.database.execute("delete from emails")
    assert found[WIDE][0] <= 2 * found[NARROW][0]
    assert found[WIDE][1] <= 2 * found[NARROW][1] + 10


async def _touched(running: Running) -> list[int]:
    """Buffers of a claim of twenty and of the turns of new mails of two agencies, each undone."""
    database = running.context.database
    touched = []
    async with database.pool.acquire() as connection:
        for ask in (
            lambda source: deliveries.claim(source, database.clock(), 20, 60, uuid4()),
            lambda source: source.fetch(NEXT_TURNS, ["byra-1", "byra-2"], [False, False]),
        ):
            explained = _Explained(connection)
            transaction = connection.transaction()
            await transaction.start()
            await ask(explained)
            await transaction.rollback()
            touched.append(explained.buffers)
    return touched


class _Explained:
    """Explains what it is asked, and answers nothing."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.buffers = 0

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        answer = await self._connection.fetchval(f"explain (analyze, buffers, format json) {query}", *arguments)
        plan = orjson.loads(answer)[0]["Plan"]
        self.buffers = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        return []
