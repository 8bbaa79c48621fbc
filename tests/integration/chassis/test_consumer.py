"""What the consumer promises: each event once, in order on its key, whatever fails."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis.retrier import HeldEventUnreadable, Replayed
from chassis.service import Context
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming, retrier

OpenToy = Callable[[], Awaitable[Context]]


async def totals(context: Context) -> dict[str, int]:
    return {row["tally"]: row["total"] for row in await context.database.fetch("select tally, total from tallies")}


async def held(context: Context) -> list[Any]:
    return await context.database.fetch("select * from held_events where settled_at is null order by id")


async def handled(context: Context) -> int:
    row = await context.database.fetchrow("select sum(next_offset)::int as handled from consumer_offsets")
    return row["handled"] or 0


async def test_every_event_is_counted_once_and_says_one_total(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await asyncio.gather(*(writer.send(toy.AddedV1(tally=f"t{number % 7}")) for number in range(70)))
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 70), within=15)
    assert await totals(context) == {f"t{number}": 10 for number in range(7)}
    rows = await context.database.fetch("select aggregate_id, version from outbox order by id")
    for tally in totals_of(rows):
        assert totals_of(rows)[tally] == list(range(1, 11))


def totals_of(rows: list[Any]) -> dict[str, list[int]]:
    grouped: dict[str, list[int]] = {}
    for row in rows:
        grouped.setdefault(row["aggregate_id"], []).append(row["version"])
    return grouped


async def _is(answer: Awaitable[Any], expected: Any) -> bool:
    got = await answer
    assert got == expected, got
    return True


async def test_two_versions_of_a_type_are_both_consumed(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    await writer.send(toy.AddedV2(tally="a", number=5))
    async with consuming(context):
        await eventually(lambda: _is(totals(context), {"a": 6}), within=15)


async def test_what_a_relay_sends_again_changes_nothing(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    first = await writer.send(toy.AddedV1(tally="a"))
    second = await writer.send(toy.AddedV1(tally="a"))
    await writer.send(toy.AddedV1(tally="a"), version=1, event_id=first)
    await writer.send(toy.AddedV1(tally="a"), version=2, event_id=second)
    await writer.send(toy.AddedV1(tally="a"), version=3)
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 5), within=15)
    assert await totals(context) == {"a": 3}
    assert await held(context) == []


async def test_another_event_with_a_version_already_seen_is_held(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    await writer.send(toy.AddedV1(tally="a"), version=1)
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 2), within=15)
    assert [row["reason"] for row in await held(context)] == ["version_conflict"]
    assert await totals(context) == {"a": 1}


async def test_a_missing_version_holds_what_follows_and_other_keys_go_on(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    await writer.send(toy.AddedV1(tally="a"), version=3)
    await writer.send(toy.AddedV1(tally="a"), version=4)
    await writer.send(toy.AddedV1(tally="b"))
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 4), within=15)
    assert await totals(context) == {"a": 1, "b": 1}
    assert [(row["reason"], row["version"]) for row in await held(context)] == [("version_gap", 3), ("follows_held", 4)]


async def test_the_version_counts_up_over_types_that_are_passed_over(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    await writer.send(toy.IgnoredV1(tally="a"))
    await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: _is(totals(context), {"a": 2}), within=15)


async def test_a_bug_in_decide_holds_its_key_until_it_is_mended_and_then_replays_in_order(
    open_toy: OpenToy, writer: Writer
) -> None:
    context = await open_toy()
    toy.FAULTS.add("bug")
    try:
        await writer.send(toy.AddedV1(tally="a"))
        await writer.send(toy.AddedV1(tally="a", note="bug"))
        await writer.send(toy.AddedV2(tally="a", number=10))
        await writer.send(toy.AddedV1(tally="b"))
        async with consuming(context):
            await eventually(lambda: _is(handled(context), 4), within=15)
            assert await totals(context) == {"a": 1, "b": 1}
            await writer.send(toy.AddedV2(tally="a", number=100))
            await eventually(lambda: _is(handled(context), 5), within=15)
        assert [row["reason"] for row in await held(context)] == ["decide_failed", "follows_held", "follows_held"]
    finally:
        toy.FAULTS.discard("bug")
    async with context.database.unit_of_work() as uow:
        key = (await held(context))[0]
        assert await retrier(context).retry(uow, key["topic"], key["key"], "karin") == Replayed(3, 0)
    assert await totals(context) == {"a": 112, "b": 1}
    assert await held(context) == []
    assert await context.database.fetch("select * from held_keys") == []


async def test_what_save_refuses_is_found_among_many_and_held_alone(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    for number in range(30):
        await writer.send(toy.AddedV1(tally=f"t{number}", note="too many" if number == 17 else ""))
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 30), within=15)
    assert await totals(context) == {f"t{number}": 1 for number in range(30) if number != 17}
    assert [(row["key"], row["reason"]) for row in await held(context)] == [("t17", "save_failed")]
    said = await context.database.fetch("select aggregate_id from outbox")
    assert len(said) == 29


async def test_a_refusal_is_a_dead_letter_and_discarding_it_lets_its_followers_go_on(
    open_toy: OpenToy, writer: Writer
) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a", note="forbidden"))
    await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 2), within=15)
    assert [row["reason"] for row in await held(context)] == ["not_allowed", "follows_held"]
    async with context.database.unit_of_work() as uow:
        row = (await held(context))[0]
        await retrier(context).discard(uow, row["id"], row["topic"], row["key"], "karin", "a test event")
    assert await retrier(context).once()
    assert await totals(context) == {"a": 1}
    assert await held(context) == []


@pytest.mark.parametrize("value", [None, b"", b"not json", b"\xff\xfe", b"[" * 5000, b'{"type": 1}', b"{}"])
async def test_what_cannot_be_read_holds_its_key_alone(open_toy: OpenToy, writer: Writer, value: bytes | None) -> None:
    context = await open_toy()
    await writer.raw("a", value)
    await writer.raw(None, value or b"")
    await writer.send(toy.AddedV1(tally="b"))
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 3), within=15)
    assert await totals(context) == {"b": 1}
    rows = await held(context)
    assert {row["reason"] for row in rows} == {"undecodable"}
    assert len({row["key"] for row in rows}) == 2


async def test_a_bad_deploy_stops_reading_and_keeps_the_topic_whole(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    toy.FAULTS.add("every third")
    try:
        notes = ["every third" if number % 3 == 0 else "" for number in range(900)]
        await asyncio.gather(*(writer.send(toy.AddedV1(tally=f"t{at}", note=note)) for at, note in enumerate(notes)))
        async with consuming(context) as consumer:
            await eventually(lambda: _stopped(consumer, "CircuitOpen"), within=20)
        waiting = len(await held(context))
        assert waiting < 40 * 3
    finally:
        toy.FAULTS.discard("every third")
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 900), within=20)
    assert len(await totals(context)) == 900 - waiting


async def _stopped(consumer: Any, name: str) -> bool:
    assert str(consumer.stopped_by).startswith(name), consumer.stopped_by
    return True


async def test_null_headers_and_records_held_twice_at_one_place_stop_nobody(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    sent = await writer.producer.send_and_wait(
        writer.topic, b"x", key=b"a", headers=[("ce_id", None), ("ce_type", None), ("other", None)]
    )
    await writer.send(toy.AddedV1(tally="b"))
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 2), within=15)
    await context.database.execute(
        "update consumer_offsets set next_offset = $1, last_event_id = '' where partition = $2",
        sent.offset,
        sent.partition,
    )
    await writer.send(toy.AddedV1(tally="b"))
    async with consuming(context):
        await eventually(lambda: _is(totals(context), {"b": 2}), within=15)
    assert len(await held(context)) == 1


async def test_a_gap_heals_when_the_missing_version_comes(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    for version in (3, 4, 2):
        await writer.send(toy.AddedV2(tally="a", number=10**version), version=version)
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 4), within=15)
    assert await retrier(context).once()
    assert await totals(context) == {"a": 1 + 100}  # 3 and 4 are above what the toy's table takes
    assert [row["reason"] for row in await held(context)] == ["save_failed", "follows_held"]


async def test_discarding_the_same_event_twice_discards_one(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    for _ in range(2):
        await writer.send(toy.AddedV1(tally="a", note="forbidden"))
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 2), within=15)
    first = (await held(context))[0]

    async def discard() -> None:
        async with context.database.unit_of_work() as uow:
            await retrier(context).discard(uow, first["id"], first["topic"], first["key"], "karin", "twice")

    answers = await asyncio.gather(discard(), discard(), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["HeldEventIsNotHead", "NoneType"]
    assert len(await held(context)) == 1


async def test_one_key_that_cannot_be_retried_does_not_keep_the_others_waiting(
    open_toy: OpenToy, writer: Writer
) -> None:
    context = await open_toy()
    toy.FAULTS.add("bug")
    try:
        for tally in ("a", "b"):
            await writer.send(toy.AddedV1(tally=tally, note="bug"))
            async with consuming(context):
                await eventually(lambda t=tally: _is(_keys(context), {"a", "b"} if t == "b" else {"a"}), within=15)  # type: ignore[misc]
    finally:
        toy.FAULTS.discard("bug")
    await context.database.execute("update held_events set sealed = 'broken' where key = 'a'")
    await context.database.execute("update held_keys set retry_at = '2020-01-01' where key = 'a'")
    await context.database.execute("update held_keys set retry_at = '2020-01-02' where key = 'b'")
    assert await retrier(context).once()
    assert await retrier(context).once()
    assert await totals(context) == {"b": 1}
    async with context.database.unit_of_work() as uow:
        topic = context.common.topic_prefix + "toy-events"
        with pytest.raises(HeldEventUnreadable):
            await retrier(context).retry(uow, topic, "a", "karin")


async def _keys(context: Context) -> set[str]:
    return {row["key"] for row in await held(context)}


async def test_discarding_a_forged_version_does_not_swallow_the_real_ones(open_toy: OpenToy, writer: Writer) -> None:
    context = await open_toy()
    await writer.send(toy.AddedV1(tally="a"))
    await writer.raw("a", b'{"type":"se.aktivera.toy.added.v1","sequence":"999","data":{}}')
    await writer.send(toy.AddedV1(tally="a"), version=2)
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 3), within=15)
    await _discard_head(context)
    assert await retrier(context).once()
    assert (await totals(context), await held(context)) == ({"a": 2}, [])
    await writer.send(toy.AddedV1(tally="a"), version=999)
    await writer.send(toy.AddedV1(tally="a"), version=3)
    async with consuming(context):
        await eventually(lambda: _is(handled(context), 5), within=15)
    await _discard_head(context)
    assert (await totals(context), await held(context)) == ({"a": 3}, [])


async def _discard_head(context: Context) -> None:
    head = (await held(context))[0]
    async with context.database.unit_of_work() as uow:
        await retrier(context).discard(uow, head["id"], head["topic"], head["key"], "karin", "it is forged")
