"""What is done where a client is erased: its key is destroyed in the transaction that blanks the tables and says so."""

from collections.abc import Sequence
from uuid import UUID

from chassis.handling import Change, Handler
from chassis.unit_of_work import UnitOfWork
from services.onboarding import vault
from services.onboarding.domain.erasing import Erasable, EraseClient, erase_client
from services.onboarding.store import erasure


async def save(uow: UnitOfWork, erased: Sequence[Change[UUID, Erasable]]) -> None:
    """The vault's row is the client's key: with it the number is gone for good, in every copy of what it sealed."""
    await vault.opened().destroy(uow, [each.key for each in erased])
    await erasure.save(uow, erased)


ERASURES: Handler[UUID, Erasable] = Handler(load=erasure.load, decide={EraseClient: erase_client}, save=save)
