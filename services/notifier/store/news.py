"""What was told of clients: loaded and saved for a whole batch of activation-events."""

from collections.abc import Sequence
from dataclasses import replace

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.bell import Bell
from services.notifier.domain.news import ClientKey, ClientNews
from services.notifier.store import agencies, bells, erasure, leaving, mailings, people


async def load(uow: UnitOfWork, keys: Sequence[ClientKey]) -> dict[ClientKey, ClientNews]:
    """Every client asked for, its open bells locked; and the agencies themselves where no client is named."""
    names = sorted({key.agency for key in keys})
    staff = await agencies.staff(uow, names)
    ids = [key.client_id for key in keys if key.client_id is not None]
    known = await bells.of_clients(uow, "client_listed", ids)
    others: dict[ClientKey, list[Bell]] = {}
    for each in await bells.open_of(uow, names, [key.client_id for key in keys]):
        others.setdefault(ClientKey(each.agency, each.client_id), []).append(each)
    theirs = await people.load(uow, ids)
    gone = await erasure.load(uow, ids)
    found = {}
    for key in keys:
        news = ClientNews(key, staff[key.agency], bells=tuple(others.get(key, ())))
        if key.client_id is not None:
            news = replace(
                news,
                bell=known.get(key.client_id),
                erased=key.client_id in gone,
                people=theirs.get(key.client_id, frozenset()),
            )
        found[key] = news
    return found


async def save(uow: UnitOfWork, changes: Sequence[Change[ClientKey, ClientNews]]) -> None:
    """Queues the mails and stores the bells; both stand or fall with the events that caused them."""
    await people.save(
        uow,
        [
            (each.key.client_id, each.before.people if each.before else frozenset(), each.after.people)
            for each in changes
            if each.key.client_id is not None
        ],
    )
    gone = [(each.key, each.after.removed) for each in changes if each.after.removed]
    await leaving.forget_users(uow, [(key, user_id, sub) for key, users in gone for user_id, sub in sorted(users)])
    await mailings.save(uow, [change.after for change in changes])
    await bells.save(uow, [bell for change in changes for bell in _changed(change)])


def _changed(change: Change[ClientKey, ClientNews]) -> list[Bell]:
    """The bells that are new, or read otherwise now."""
    before, after = change.before, change.after
    known = (*before.bells, before.bell) if before else ()
    return [each for each in (after.bell, *after.bells) if each is not None and each not in known]
