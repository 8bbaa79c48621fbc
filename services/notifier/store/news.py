"""What was told of clients: loaded and saved for a whole batch of activation-events."""

from collections.abc import Sequence

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.news import ClientKey, ClientNews
from services.notifier.store import agencies, bells, erasure, mailings, people


async def load(uow: UnitOfWork, keys: Sequence[ClientKey]) -> dict[ClientKey, ClientNews]:
    """Every client asked for, its bell locked where it has one."""
    managers = await agencies.client_managers(uow, sorted({key.agency for key in keys}))
    known = await bells.of_clients(uow, "client_listed", [key.client_id for key in keys])
    theirs = await people.load(uow, [key.client_id for key in keys])
    gone = await erasure.load(uow, [key.client_id for key in keys])
    return {
        key: ClientNews(
            key,
            managers.get(key.agency, ()),
            known.get(key.client_id),
            erased=key.client_id in gone,
            people=theirs.get(key.client_id, frozenset()),
        )
        for key in keys
    }


async def save(uow: UnitOfWork, changes: Sequence[Change[ClientKey, ClientNews]]) -> None:
    """Queues the mails and stores the bells; both stand or fall with the events that caused them."""
    await people.save(
        uow,
        [
            (each.key.client_id, each.before.people if each.before else frozenset(), each.after.people)
            for each in changes
        ],
    )
    await mailings.save(uow, [change.after for change in changes])
    await bells.save(uow, [change.after.bell for change in changes if change.after.bell is not None])
