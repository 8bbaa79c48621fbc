"""Releases mails, all but those that a person gives up: they count as unknown, said of each as of any unknown mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.operations import Undo
from chassis.unit_of_work import UnitOfWork
from schemas.errors import Refused
from services.notifier.outcomes import event_of
from services.notifier.store import deliveries, gate, recalled

AT_ONCE = 500
"""Mails of one statement, and of one transaction where all are given up."""


class MailsNotWaiting(Refused):
    """Mails are named that do not wait: a slip, after which nothing should go out."""

    code = "emails_not_waiting"


@dataclass(frozen=True, slots=True)
class Release:
    """Who releases mails, and why. `but`: those that are given up; None: all that wait."""

    by: str
    why: str
    but: Sequence[UUID] | None


@dataclass(frozen=True, slots=True)
class Released:
    """The gate as it was; how many mails go out, and how many were given up."""

    before: dict[str, Any]
    goes_out: int
    given_up: int


async def would_release(database: Database, order: Release) -> Released:
    """What a release would do. Raises MailsNotWaiting."""
    released = None
    try:
        async with database.unit_of_work() as uow:
            before = await gate.read(uow)
            await recalled.settle(uow)
            waiting = given_up = await gate.waiting(uow)
            if order.but is not None:
                there = await gate.which_wait(uow, order.but)
                _all_of(order.but, there)
                given_up = len(there)
            released = Released(before, waiting - given_up, given_up)
            raise Undo
    except Undo:
        pass
    assert released is not None
    return released


async def release(database: Database, order: Release) -> Released:
    """Mails that are named are given up together, or none of them. Where it is all, in several transactions: the last
    one releases, and an order that was broken off before it is given again. Raises MailsNotWaiting."""
    given_up = 0
    while True:
        async with database.unit_of_work() as uow:
            before = await gate.read(uow)
            if not given_up:
                await recalled.settle(uow)
            given = await _give_up(uow, order)
            given_up += len(given)
            if order.but is None and len(given) == AT_ONCE:
                continue
            goes_out = await gate.waiting(uow)
            await gate.release(uow, order.by, order.why)
        return Released(before, goes_out, given_up)


async def _give_up(uow: UnitOfWork, order: Release) -> set[UUID]:
    if order.but is None:
        return await _some(uow, order, None)
    given: set[UUID] = set()
    for start in range(0, len(order.but), AT_ONCE):
        given |= await _some(uow, order, order.but[start : start + AT_ONCE])
    _all_of(order.but, given)
    return given


async def _some(uow: UnitOfWork, order: Release, ids: Sequence[UUID] | None) -> set[UUID]:
    given = await deliveries.give_up(uow, ids, order.by, order.why, AT_ONCE)
    for held in given:
        if (event := event_of(held, held.mail)) is not None:
            uow.publish(event, held.cause)
    return {held.mail.id for held in given}


def _all_of(named: Sequence[UUID], found: set[UUID]) -> None:
    if strangers := set(named) - found:
        raise MailsNotWaiting(ids=sorted(map(str, strangers)))
