"""A missing version holds its key until it comes, in whatever order the versions arrive."""

from collections.abc import Awaitable, Callable

import pytest

from chassis.service import Context
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming, retrier
from tests.integration.chassis.test_consumer import held, totals

OpenToy = Callable[[], Awaitable[Context]]


@pytest.mark.parametrize("arrival", [(1, 4, 3, 2), (1, 3, 4, 2), (4, 3, 2, 1), (1, 5, 3, 4, 2)])
async def test_versions_that_come_out_of_order_are_all_applied(
    open_toy: OpenToy, writer: Writer, arrival: tuple[int, ...]
) -> None:
    context = await open_toy()
    for version in arrival:
        await writer.send(toy.AddedV1(tally="a"), version=version)
    async with consuming(context):
        await eventually(lambda: _handled(context, len(arrival)), within=15)
    assert await retrier(context).once()
    assert (await totals(context), await held(context)) == ({"a": len(arrival)}, [])


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_missing_version_that_comes_and_fails_is_tried_again_by_itself(
    open_toy: OpenToy, writer: Writer, at_once: bool
) -> None:
    """Would break: what waits for a gap has no time of its own, and with it what closes the gap would have none."""
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"), version=1)
    await writer.send(toy.AddedV1(tally="a"), version=3)
    if not at_once:
        async with consuming(context):
            await eventually(lambda: _handled(context, 2), within=15)
    await writer.send(toy.AddedV1(tally="a", note="too many"), version=2)
    async with consuming(context):
        await eventually(lambda: _handled(context, 3), within=15)
    assert await retrier(context).once()
    assert [(row["reason"], row["attempts"]) for row in await held(context)] == [("version_gap", 1), ("save_failed", 2)]


async def _handled(context: Context, records: int) -> bool:
    row = await context.database.fetchrow("select sum(next_offset)::int as handled from consumer_offsets")
    assert row["handled"] == records, row["handled"]
    return True
