"""Held events of a topic that was made anew: two records of one place are two events, and none of them is lost."""

from collections.abc import Awaitable, Callable

from chassis import kafka
from chassis.service import Context
from chassis.settings import CommonSettings
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming
from tests.integration.chassis.test_consumer import held, totals
from tests.integration.chassis.test_held_events import discard, read, until_nothing_is_due
from tests.integration.chassis.test_offsets import topic_is_gone, with_admin

OpenToy = Callable[..., Awaitable[Context]]


async def read_again(context: Context) -> None:
    """What `offsets accept` does: reading goes on at the beginning of the log."""
    await context.database.execute("update consumer_offsets set next_offset = 0, last_event_id = ''")


async def made_anew(context: Context, writer: Writer, common: CommonSettings) -> None:
    await with_admin(common, lambda admin: admin.delete_topics([writer.topic]))
    await eventually(lambda: topic_is_gone(common, writer.topic), within=15)
    await kafka.create_topics(common, [("toy-events", 1)])
    writer.versions.clear()
    await read_again(context)


async def test_an_event_is_held_beside_an_older_one_of_the_same_place_and_once(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    context = await open_toy()
    first = await writer.send(toy.AddedV1(tally="a", note="forbidden"))
    await read(context, 1)
    await made_anew(context, writer, common)
    second = await writer.send(toy.AddedV1(tally="a", note="forbidden"))
    await read(context, 1)
    assert [row["event_id"] for row in await held(context)] == [first, second]
    await read_again(context)
    await read(context, 1)
    assert [row["event_id"] for row in await held(context)] == [first, second]


async def test_on_a_senders_topic_what_comes_at_the_place_of_a_held_record_waits_behind_it(
    open_toy: OpenToy, writer: Writer, common: CommonSettings
) -> None:
    context = await open_toy(ours=False)
    await writer.send(toy.AddedV1(tally="a", note="forbidden"))
    await read(context, 1)
    await made_anew(context, writer, common)
    await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: _waiting(context, 2), within=15)
    await discard(context, (await held(context))[0])
    await until_nothing_is_due(context)
    assert (await totals(context), await held(context)) == ({"a": 1}, [])


async def _waiting(context: Context, expected: int) -> bool:
    assert len(await held(context)) == expected
    return True
