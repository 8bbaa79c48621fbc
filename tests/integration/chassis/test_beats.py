"""PROMISE: a consumer that waits for a slow database, statement after statement, is not taken for stuck."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from chassis.handling import Change
from chassis.heartbeats import Heartbeats
from chassis.service import Context
from chassis.unit_of_work import UnitOfWork
from tests.eventually import eventually
from tests.integration.chassis import toy
from tests.integration.chassis.conftest import Writer
from tests.integration.chassis.running import consuming

OpenToy = Callable[[], Awaitable[Context]]


class Counted(Heartbeats):
    """Counts beats."""

    beats = 0

    def beat(self, loop: str) -> None:
        self.beats += 1
        super().beat(loop)


async def test_a_batch_beats_between_what_it_loads_and_what_it_saves(open_toy: OpenToy, writer: Writer) -> None:
    """Would break: all statements of all topics of a batch share one limit, each of which may take a third of it."""
    heartbeats = Counted()
    at: dict[str, int] = {}

    async def load(uow: UnitOfWork, keys: Sequence[str]) -> dict[str, toy.Tally]:
        at["load"] = heartbeats.beats
        return await toy.load(uow, keys)

    async def save(uow: UnitOfWork, changes: Sequence[Change[str, toy.Tally]]) -> None:
        at["save"] = heartbeats.beats
        await toy.save(uow, changes)
        at["saved"] = heartbeats.beats

    opened = await open_toy()
    handler: Any = replace(toy.HANDLER, load=load, save=save)
    service = replace(opened.service, subscriptions=(replace(opened.service.subscriptions[0], handler=handler),))
    context = replace(opened, service=service, heartbeats=heartbeats)
    await writer.send(toy.AddedV1(tally="a"))
    async with consuming(context):
        await eventually(lambda: _counted(context), within=15)
    assert at["load"] < at["save"] == at["saved"]


async def _counted(context: Context) -> bool:
    return bool(await context.database.fetch("select from tallies"))
