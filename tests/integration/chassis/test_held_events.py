"""What a person does about held events: retry and discard agree on the head of a key, and pass nothing over."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import Request

from chassis import operations
from chassis.app import create_app
from chassis.retrier import HeldEventIsNotHead, Replayed
from chassis.service import Context
from chassis.tokens import Caller
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming, retrier
from tests.integration.chassis.test_consumer import held, totals

OpenToy = Callable[[], Awaitable[Context]]

FORGED = b'{"type":"se.aktivera.toy.added.v1","sequence":"2","data":{}}'
KARIN = Caller("karin", "", frozenset({"operator"}), "Karin")


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


async def discard(context: Context, row: Any) -> None:
    async with context.database.unit_of_work() as uow:
        await retrier(context).discard(uow, row["id"], row["topic"], row["key"], "karin", "never to be")


async def until_nothing_is_due(context: Context) -> None:
    while await retrier(context).once():
        pass


async def test_a_person_may_retry_any_number_of_times(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a", note="forbidden"))
    await read(context, 1)
    for _ in range(60):
        assert (await retry(context, (await held(context))[0])).left == 1
    (row,) = await held(context)
    assert row["attempts"] == 61


async def shown(context: Context) -> list[tuple[int, bool, int, int]]:
    """Each waiting event's version, whether it is the head, and how many wait behind it: alone and in the list."""
    listed = {row["id"]: row for row in (await operations.list_held(KARIN, context, None, 50, 0, False))["items"]}
    rows = [await operations.show(KARIN, context, held_id) for held_id in listed]
    return [(row["version"], row["is_head"], row["followers"], listed[row["id"]]["followers"]) for row in rows]


async def test_retry_discard_and_list_agree_on_the_head_where_a_refused_version_came_late(
    open_toy: OpenToy, writer: Writer
) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    await writer.send(toy.AddedV1(tally="a"), version=3)
    await writer.send(toy.AddedV1(tally="a", note="forbidden"), version=2)
    await read(context, 3)
    third, second = await held(context)
    assert await shown(context) == [(3, False, 0, 0), (2, True, 1, 1)]
    request = Request({"type": "http", "app": create_app(context)})
    answer = await operations.retry(KARIN, context, request, third["id"], operations.Retry(dry_run=False))
    assert answer["in_the_way"] == {"id": second["id"], "reason": "not_allowed", "detail": ""}
    with pytest.raises(HeldEventIsNotHead):
        await discard(context, third)
    await discard(context, second)
    await until_nothing_is_due(context)
    assert (await totals(context), await held(context)) == ({"a": 2}, [])


async def test_versions_out_of_order_behind_a_head_are_all_applied_once_it_is_settled(
    open_toy: OpenToy, writer: Writer
) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a", note="forbidden"))
    for version in (4, 2, 3):
        await writer.send(toy.AddedV1(tally="a"), version=version)
    await read(context, 4)
    assert [row[1] for row in await shown(context)] == [True, False, False, False]
    await discard(context, (await held(context))[0])
    await until_nothing_is_due(context)
    assert (await totals(context), await held(context)) == ({"a": 3}, [])


async def test_discarding_what_cannot_be_read_passes_over_no_version_that_waits_behind_it(
    open_toy: OpenToy, writer: Writer
) -> None:
    context = await open_toy()
    await writer.raw("a", b"garbage")
    for version in (2, 1):
        await writer.send(toy.AddedV1(tally="a"), version=version)
    await read(context, 3)
    await discard(context, (await held(context))[0])
    await until_nothing_is_due(context)
    assert (await totals(context), await held(context)) == ({"a": 2}, [])


async def test_a_forged_version_that_was_not_tried_yet_stands_for_nothing(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a", note="forbidden"))
    await writer.raw("a", FORGED)
    await writer.send(toy.AddedV1(tally="a"))
    await read(context, 3)
    for _ in range(2):
        await discard(context, (await held(context))[0])
    await until_nothing_is_due(context)
    assert (await totals(context), await held(context)) == ({"a": 1}, [])


async def test_what_could_not_be_read_counts_as_the_version_that_is_missing(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    await writer.raw("a", b"garbled")
    for version in (4, 3):
        await writer.send(toy.AddedV1(tally="a"), version=version)
    await read(context, 4)
    await discard(context, (await held(context))[0])
    await until_nothing_is_due(context)
    assert (await totals(context), await held(context)) == ({"a": 3}, [])
