"""A small message that its compression makes large: cut, held, and in nobody's way."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiokafka import AIOKafkaProducer

from chassis.service import Context
from chassis.settings import CommonSettings
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming
from tests.integration.chassis.test_consumer import handled, held, totals
from tests.integration.chassis.test_held_events import retry

OpenToy = Callable[..., Awaitable[Context]]

LARGE = 3_000_000


@pytest.fixture
async def packer(common: CommonSettings, writer: Writer) -> AsyncIterator[Writer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=common.kafka_bootstrap, compression_type="gzip", max_request_size=2 * LARGE
    )
    await producer.start()
    yield Writer(producer, writer.topic)
    await producer.stop()


async def until(context: Context, records: int) -> None:
    async def is_handled() -> bool:
        got = await handled(context)
        assert got == records, got
        return True

    async with consuming(context):
        await eventually(is_handled, within=30)


@pytest.mark.parametrize("ours", [True, False])
async def test_of_a_record_larger_than_any_its_beginning_is_held_and_reading_goes_on(
    open_toy: OpenToy, writer: Writer, packer: Writer, ours: bool
) -> None:
    context = await open_toy(ours=ours)
    await packer.raw("large", b" " * LARGE)
    await packer.raw("a", b"{", {"padding": "x" * LARGE})
    await packer.raw("b" * LARGE, None)
    await writer.send(toy.AddedV1(tally="t"))
    await until(context, 4)
    assert await totals(context) == {"t": 1}
    rows = await held(context)
    assert {row["reason"] for row in rows} == {"payload_too_large"}
    assert all(len(row["sealed"]) < 10_000 for row in rows)


async def test_a_cut_record_stays_too_large_when_it_is_tried_again_and_reading_goes_on_behind_it_after_a_restart(
    open_toy: OpenToy, writer: Writer, packer: Writer
) -> None:
    context = await open_toy(ours=False)
    sent = b'{"specversion": "1.0"}'
    await packer.raw("t", sent + b" " * LARGE)
    await until(context, 1)
    (row,) = await held(context)
    replayed = await retry(context, row)
    assert replayed.in_the_way is not None
    assert replayed.in_the_way.reason == "payload_too_large"
    await writer.send(toy.AddedV1(tally="t"))
    await until(await open_toy(ours=False), 2)
    assert await totals(context) == {"t": 1}
