"""What activation does by itself: what falls due at clients, reminders, and consultants who leave."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from chassis.handling import Change
from chassis.jobs import Job
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.envelope import Decision, Say
from schemas.errors import Refused
from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1
from services.activation.domain.activation import Activation
from services.activation.domain.acts import Settle, decide
from services.activation.domain.administrators import LastSystemAdministrator
from services.activation.domain.client import AKTIVERA, Client, Rules
from services.activation.domain.consultants import Release
from services.activation.domain.reminding import SWEDEN, remind
from services.activation.domain.rights import Actor
from services.activation.settings import ActivationSettings
from services.activation.store import activations, clients, reminders, removals

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=5)  # each look costs a transaction, also where nothing is due
AT_ONCE = 100
AGAIN = timedelta(minutes=10)


def jobs(settings: ActivationSettings) -> tuple[Job, ...]:
    """The jobs, by the rules that the operator has set."""
    return (
        Job("due", EVERY, partial(settle_clients, settings.rules)),
        Job("removals", EVERY, partial(release_consultant, settings.rules)),
        Job("reminders", timedelta(minutes=10), partial(remind_of_clients, settings.reminder_days)),
    )


async def settle_clients(rules: Rules, uow: UnitOfWork) -> int:
    """What has fallen due at clients. One that cannot be settled is put off, and holds up nobody else."""
    due = await clients.due(uow, AT_ONCE)
    for key, client in (await clients.load(uow, due)).items():
        try:
            async with uow.savepoint():
                decision = decide(client, Settle(rules), uow.now)
                await clients.save(uow, [Change(key, client, decision.state)])
                _publish(uow, decision.says, client.activation)
        except Exception as error:  # a bug, or data that no rule has foreseen: shown, and tried again later
            log.error("client could not be settled", client_id=str(key), error=type(error).__name__)
            await clients.put_off(uow, key, uow.now + AGAIN)
        await asyncio.sleep(0)
    return len(due)


async def remind_of_clients(days: int, uow: UnitOfWork) -> int:
    """Reminds of the clients that have waited for more than so many days, each once on each day in Sweden."""
    today = uow.now.astimezone(SWEDEN).date()
    ids = await reminders.waiting(uow, days, today, AT_ONCE)
    changes = []
    for key, activation in (await activations.load(uow, ids)).items():
        if activation.status != "pending" or activation.forgotten:
            continue
        decision = remind(activation, uow.now)
        changes.append(Change(key, activation, decision.state))
        _publish(uow, decision.says, activation)
    if changes:
        await activations.save(uow, changes)
    await reminders.mark(uow, ids, today)
    return len(ids)


async def release_consultant(rules: Rules, uow: UnitOfWork) -> int:
    """Takes one consultant out of all of their clients, or out of none and says at which they are needed.

    Before, in a transaction of its own: from then on the consultant is given nothing more.
    """
    removal = await removals.first(uow)
    if removal is None:
        return 0
    if not removal.marked:
        await removals.mark_leaving(uow, removal)
        return 1
    try:
        async with uow.savepoint():
            await _release(rules, uow, removal)
    except Exception as error:  # as above: it waits, and holds up nobody else
        log.error("consultant could not be released", request_id=str(removal.request_id), error=type(error).__name__)
        await removals.put_off(uow, removal, uow.now + AGAIN)
    return 1


async def _release(rules: Rules, uow: UnitOfWork, removal: removals.Removal) -> None:
    known = await clients.load(uow, await removals.clients_of(uow, removal.agency, removal.sub))
    act = Release(Actor(AKTIVERA.sub, AKTIVERA.name, removal.agency, frozenset()), rules, removal.sub)
    decided: dict[UUID, Decision[Client]] = {}
    needed: list[UUID] = []
    for key, client in known.items():
        try:
            decided[key] = decide(client, act, uow.now)
        except Refused:
            needed.append(key)
    if needed:
        await removals.keep(uow, removal)
    version = await removals.settle(uow, removal)
    facts = {"agency": removal.agency, "sub": removal.sub, "request_id": removal.request_id}
    if needed:
        refusal = ConsultantReleaseRefusedV1(**facts, code=LastSystemAdministrator.code, clients=needed)
        uow.publish(Say(refusal, version=version), Cause(str(removal.request_id)))
        return
    changed = [Change(key, known[key], each.state) for key, each in decided.items() if each.state is not known[key]]
    if changed:
        await clients.save(uow, changed)
    for key, each in decided.items():
        _publish(uow, each.says, known[key].activation)
    released = ConsultantReleasedV1(**facts, clients=list(known))
    uow.publish(Say(released, version=version), Cause(str(removal.request_id)))


def _publish(uow: UnitOfWork, says: Sequence[Say], activation: Activation) -> None:
    for say in says:
        uow.publish(say, Cause(activation.correlation_id))
