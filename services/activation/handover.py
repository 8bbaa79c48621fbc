"""A hand-over: all clients of a consultant, or those that are named, go to another in one act, or none does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.handling import Change
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.errors import Pointed, Refused
from services.activation.domain.acts import decide
from services.activation.domain.client import Client
from services.activation.domain.consultants import HandOver, UnknownConsultant, must_hand_over
from services.activation.store import clients, removals


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose clients go to whom; `ids` None: all that the first has. `preview`: nothing is kept."""

    act: HandOver
    ids: Sequence[UUID] | None
    preview: bool


async def hand_over_all(uow: UnitOfWork, wish: Wish, cause: Cause) -> list[Change[UUID, Client]]:
    """Hands over, under the locks of all the clients, and answers each before and after.

    Raises AgencyAdminRequired, UnknownConsultant, HandoverToSelf, or the first refusal with all in `errors`.
    """
    act = wish.act
    actor = act.actor
    uow.cause = cause
    must_hand_over(actor, act.from_sub, act.to_sub)
    if wish.preview:
        await clients.still(uow)
    wanted = wish.ids if wish.ids is not None else await removals.clients_of(uow, actor.agency, act.from_sub)
    ids = list(dict.fromkeys(wanted))
    known = await (clients.look if wish.preview else clients.load)(uow, sorted(set(ids)))
    if not ids:
        await _must_both_be_known(uow, act)
    changes: list[Change[UUID, Client]] = []
    refused: list[tuple[int, Refused]] = []
    for number, key in enumerate(ids):
        await asyncio.sleep(0)  # a thousand clients are not judged in one go
        client = known.get(key)
        try:
            decision = decide(client, act, uow.now)
        except Refused as refusal:
            refused.append((number, refusal))
            continue
        assert client is not None
        changes.append(Change(key, client, decision.state))
        if not wish.preview:
            for say in decision.says:
                uow.publish(say, cause)
    if refused:
        first = refused[0][1]
        if wish.ids is not None and not first.errors:
            first.errors = tuple(Pointed(f"/clients/{number}", each.code) for number, each in refused)
        raise first
    if changes and not wish.preview:
        await clients.save(uow, [each for each in changes if each.after is not each.before])
    return changes


async def _must_both_be_known(uow: UnitOfWork, act: HandOver) -> None:
    """Where no client says so. Raises UnknownConsultant."""
    agency = act.actor.agency
    if not await clients.is_consultant(uow, agency, act.to_sub):
        raise UnknownConsultant([Pointed("/to", UnknownConsultant.code)])
    if not await clients.is_consultant(uow, agency, act.from_sub, or_leaving=True):
        raise UnknownConsultant([Pointed("/from", UnknownConsultant.code)])
