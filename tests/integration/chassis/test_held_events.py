"""What a person does about held events: retry and discard agree on the head of a key, and pass nothing over."""

from collections.abc import Awaitable, Callable
from typing import Any

from chassis.retrier import Replayed
from chassis.service import Context
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming, retrier
from tests.integration.chassis.test_consumer import held

OpenToy = Callable[[], Awaitable[Context]]


async def read(context: Context, records: int) -> None:
    async def handled() -> bool:
        row = await context.database.fetchrow("select sum(next_offset)::int as handled from consumer_offsets")
        assert row["handled"] == records, row["handled"]
        return True

    async with consuming(context):
        await eventually(handled, within=15)


async def retry(context: Context, row: Any) -> Replayed:
    async with context.database.unit_of_work() as uow:
        return await retrier(context).retry(uow, row["topic"], row["key"], "karin")


async def test_a_person_may_retry_any_number_of_times(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a", note="forbidden"))
    await read(context, 1)
    for _ in range(60):
        assert (await retry(context, (await held(context))[0])).left == 1
    (row,) = await held(context)
    assert row["attempts"] == 61
