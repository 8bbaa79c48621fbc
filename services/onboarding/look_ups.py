"""Keeps count of whom another agency's clients were told of, and stops who asks for too many."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.onboarding import vault
from services.onboarding.domain.creation import ClientExistsElsewhere, Wanted, swedish_date
from services.onboarding.domain.look_ups import MOST_TOLD, Telling, TooManyLookUps, seconds_left
from services.onboarding.store import look_ups


@dataclass
class LookUp:
    """Whom a creation is about; set by the work itself where that alone knows it."""

    wanted: Wanted | None = None


@asynccontextmanager
async def limited(database: Database, agency: str, sub: str, asked: LookUp) -> AsyncIterator[None]:
    """Around a creation: what it refuses because of another agency is told so often and no more.

    Who creates and is not refused has a client more, so that only refusals are counted: outside its
    transaction, which a refusal undoes. Raises TooManyLookUps.
    """
    try:
        yield
    except ClientExistsElsewhere:
        assert asked.wanted is not None
        async with database.unit_of_work() as uow:
            await must_be_told(uow, agency, sub, asked.wanted)
        raise


async def must_be_told(uow: UnitOfWork, agency: str, sub: str, wanted: Wanted) -> None:
    """Counts a number that somebody is told of, once an hour. Raises TooManyLookUps where there were as many others."""
    number = digest(uow, wanted)
    numbers = [] if number is None else [number]
    if await exhausted(uow, agency, sub) and not await look_ups.were_told(uow, agency, sub, numbers):
        raise TooManyLookUps(retry_after_seconds=seconds_left(uow.now))
    await look_ups.note(uow, agency, sub, numbers)


async def exhausted(uow: UnitOfWork, agency: str, sub: str) -> bool:
    """Whether nothing more may be looked up, found or not: where nothing is created, an answer costs nothing."""
    return await look_ups.count(uow, agency, sub) >= MOST_TOLD


async def telling(uow: UnitOfWork, agency: str, sub: str, wanted: Sequence[Wanted]) -> Telling:
    """For several numbers at once; what was told is noted by `note`."""
    left = MOST_TOLD - await look_ups.count(uow, agency, sub)
    numbers = [number for each in wanted if (number := digest(uow, each)) is not None]
    return Telling(left, before=frozenset(await look_ups.were_told(uow, agency, sub, numbers)))


async def note(uow: UnitOfWork, agency: str, sub: str, said: Telling) -> None:
    """Counts what was told."""
    await look_ups.note(uow, agency, sub, said.told)


def digest(uow: UnitOfWork, wanted: Wanted) -> bytes | None:
    """A number in the form that is stored; None where there is none."""
    number = wanted.identity_number(swedish_date(uow.now))
    return None if number is None else vault.opened().digest(b"look-up\x00" + number.canonical.encode())
