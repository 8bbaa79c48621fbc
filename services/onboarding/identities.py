"""What is done where a client gets another number: the old one is destroyed in the transaction that keeps the new."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.handling import Change, Handler
from chassis.unit_of_work import UnitOfWork
from services.onboarding import vault
from services.onboarding.domain.creation import Wanted
from services.onboarding.domain.identifying import ChangeIdentity, Identifying, change_identity
from services.onboarding.domain.new_client import Identity
from services.onboarding.handlers import load_creations
from services.onboarding.store import on_file
from services.onboarding.store.on_file import Edit


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """A client that shall get another number, and what finds whoever has it."""

    edit: Edit
    wanted: Wanted


async def load(uow: UnitOfWork, keys: Sequence[IdentityKey]) -> dict[IdentityKey, Identifying]:
    """The clients that exist, locked, each with those that have the number."""
    standing = await on_file.load(uow, [key.edit for key in keys])
    beside = await load_creations(uow, [key.wanted for key in keys])
    return {key: Identifying(standing[key.edit], beside[key.wanted].neighbours) for key in keys if key.edit in standing}


async def save(uow: UnitOfWork, changes: Sequence[Change[IdentityKey, Identifying]]) -> None:
    """Stores who clients are now. Of a number that is theirs no more the mask stays, in the history."""
    await on_file.save(
        uow,
        [
            Change(each.key.edit, None if each.before is None else each.before.standing, each.after.standing)
            for each in changes
        ],
    )
    for each in changes:
        if each.after.identity is not None:
            await _keep(uow, each.after.standing.client.client_id, each.after.identity)


async def _keep(uow: UnitOfWork, client_id: UUID, identity: Identity) -> None:
    safe, number = vault.opened(), identity.number
    await safe.destroy(uow, [client_id])
    if identity.kind == "organisation":
        await on_file.identify(uow, client_id, identity.kind, number.masked, number.canonical, None)
    else:
        await on_file.identify(uow, client_id, identity.kind, number.masked, None, safe.index(number))
        await safe.keep(uow, {client_id: number})


IDENTITIES: Handler[IdentityKey, Identifying] = Handler(load=load, decide={ChangeIdentity: change_identity}, save=save)
