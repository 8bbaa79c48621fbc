"""How a request becomes an act on a client: who acts, the act done or refused, and both put down in the history."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Request
from fastapi.responses import JSONResponse

from chassis.callers import Key, Opened, Who, Why
from chassis.commands import Answer, answer, once
from chassis.handling import Change
from chassis.idempotency import IdempotencyKey
from chassis.logs import HIDDEN, PERSONAL
from chassis.service import Context
from chassis.tokens import Caller
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.errors import Refused
from schemas.personal_numbers import discloses_a_number
from schemas.values import Locale
from services.activation.domain.acts import Settle, author_of, decide
from services.activation.domain.arrow import NotFound
from services.activation.domain.client import Client, Rules
from services.activation.domain.draft import changes_between
from services.activation.domain.history import Author, entries
from services.activation.domain.inviting import UnknownInvitation
from services.activation.domain.rights import Actor, entered, looked_at
from services.activation.domain.saving import StaleVersion
from services.activation.domain.tried import Tried, tried
from services.activation.handlers import CLIENTS
from services.activation.handover import Wish, hand_over_all
from services.activation.settings import ActivationSettings
from services.activation.store import clients, history, removals

MOST_SHOWN = 2000
MOST_NOTED = 100
CORRELATION = "X-Correlation-ID"

RenderAll = Callable[[Wish, list[Change[UUID, Client]]], Answer]
Render = Callable[[Change[UUID, Client]], Answer]


class Acting:
    """A caller who is about to do something."""

    def __init__(self, context: Context, caller: Caller, cause: Cause, key: str | None, path: str) -> None:
        self.context = context
        self.actor = actor_of(caller)
        self._cause = cause
        self._key = key
        self._path = path

    @property
    def settings(self) -> ActivationSettings:
        return activation_settings(self.context)

    @property
    def rules(self) -> Rules:
        return self.settings.rules

    async def do(self, client_id: UUID, act: Any, render: Render, content: object = None) -> JSONResponse:
        """Does the act. `content` is what an Idempotency-Key stands for. Raises what refused, once it is noted."""
        keyed = self._keyed(content)
        try:
            given = await answer(self.context.database, CLIENTS, client_id, act, self._cause, render, keyed)
        except Refused as refusal:
            await self.note([client_id], author_of(act), refusal, tried(act, refusal))
            await self._tell_changes(client_id, act, refusal)
            raise
        return JSONResponse(given.body, given.status, headers=_etag(given) | self._named)

    async def do_all(self, wish: Wish, render: RenderAll, content: object = None) -> JSONResponse:
        """Hands over, or says what a hand-over would do."""

        async def work(uow: UnitOfWork) -> Answer:
            return render(wish, await hand_over_all(uow, wish, self._cause))

        try:
            given = await once(self.context.database, work, None if wish.preview else self._keyed(content))
        except Refused as refusal:
            if not wish.preview:
                await self.note(await self._at(wish), author_of(wish.act), refusal, tried(wish.act, refusal))
            raise
        return JSONResponse(given.body, given.status, headers=self._named)

    async def preview(self, client_id: UUID, act: Any, render: Render) -> JSONResponse:
        """What the act would do; nothing is kept of it."""
        try:
            async with self.context.database.unit_of_work() as uow:
                await clients.still(uow)
                before = (await clients.look(uow, [client_id])).get(client_id)
                after = decide(before, act, uow.now).state
        except Refused as refusal:
            await self._tell_changes(client_id, act, refusal)
            raise
        given = render(Change(client_id, before, after))
        return JSONResponse(given.body, given.status)

    async def present(self, client_id: UUID) -> tuple[Client, datetime]:
        """The client as it is now, with all that has fallen due, for whoever may see it. Raises NotFound."""
        async with self.context.database.unit_of_work() as uow:
            await clients.still(uow)
            client = entered((await clients.look(uow, [client_id])).get(client_id), self.actor)
            return decide(client, Settle(self.rules), uow.now).state, uow.now

    async def looked_at(self, client_id: UUID) -> tuple[Client, datetime]:
        """The same, for whoever may look at its users and history."""
        client, now = await self.present(client_id)
        return looked_at(client, self.actor, now), now

    def _keyed(self, content: object) -> IdempotencyKey | None:
        scope = f"{self.actor.agency}/{self.actor.sub}/{self._path}"
        return IdempotencyKey.of(scope, self._key, orjson.dumps(content, default=str)) if self._key else None

    async def note(
        self, ids: Sequence[UUID], author: Author, refusal: Refused, wanted: Sequence[Tried] = (Tried(),)
    ) -> None:
        """Puts a refused try into the history; not of clients that the caller may not see.

        Whoever has the id of an invitation, and guesses at its code, knows of the client, whatever they are.
        """
        if isinstance(refusal, NotFound):
            return
        knows = "operator" in self.actor.roles or isinstance(refusal, UnknownInvitation)
        async with self.context.database.unit_of_work() as uow:
            for client_id in ids:
                agency = await clients.agency_of(uow, client_id)
                if agency is not None and (agency == self.actor.agency or knows):
                    correlation = self._cause.correlation_id
                    refused = history.Refusal(client_id, agency, author, refusal.code, correlation, wanted)
                    await history.refuse(uow, refused)

    @property
    def _named(self) -> dict[str, str]:
        """By what the history knows the act."""
        return {CORRELATION: self._cause.correlation_id}

    async def _at(self, wish: Wish) -> Sequence[UUID]:
        """The clients at which a hand-over was tried; those of the agency that the caller is of."""
        if wish.ids is not None or self.actor.client is not None:
            return wish.ids or ()
        async with self.context.database.unit_of_work() as uow:
            return (await removals.clients_of(uow, self.actor.agency, wish.act.from_sub))[:MOST_NOTED]

    async def _tell_changes(self, client_id: UUID, act: Any, refusal: Refused) -> None:
        """With a stale version come the changes since; `yours` are the caller's, made in another window."""
        if isinstance(refusal, StaleVersion):
            rows = await history.since(self.context.database, client_id, act.version, MOST_SHOWN)
            refusal.facts["changes"] = [history.shown(row) | {"yours": row["by_sub"] == self.actor.sub} for row in rows]


def activation_settings(context: Context) -> ActivationSettings:
    """The settings of the service that runs."""
    assert isinstance(context.settings, ActivationSettings)
    return context.settings


def said_name(caller: Caller) -> str:
    """As events take it: at most 200 letters, and without the personal number that an issuer may have put there."""
    name = PERSONAL.sub(HIDDEN, caller.name)  # which leaves the name around it
    return HIDDEN if discloses_a_number(name) else name[:200]


def actor_of(caller: Caller) -> Actor:
    """The caller as the rules know people."""
    locale: Locale = "en" if caller.locale.startswith("en") else "sv"
    client = None
    if caller.client is not None:
        try:
            client = UUID(caller.client)
        except ValueError:
            raise NotFound from None
    return Actor(caller.sub, said_name(caller), caller.agency, caller.roles, client, caller.email, locale)


async def acting(request: Request, context: Opened, who: Who, why: Why, key: Key = None) -> Acting:
    return Acting(context, who, why, key, f"{request.method} {request.url.path}")


Does = Annotated[Acting, Depends(acting)]


def diff(change: Change[UUID, Client]) -> list[dict[str, Any]]:
    """What an act changes in the matrix, cell by cell."""
    before = change.before.grants if change.before else {}
    return [each.model_dump(mode="json") for each in changes_between(before, change.after.grants)]


def effects(change: Change[UUID, Client]) -> list[dict[str, Any]]:
    """All that an act changes, cells and whatever else, as the history tells it; names apart, which were sent."""
    if change.before is None:
        return []
    people = {**change.before.users, **change.after.users}
    return [
        {
            "kind": each.kind,
            "user_id": str(each.user_id) if each.user_id else None,
            "name": people[each.user_id].name if each.user_id in people else None,
            "program": each.program,
            "part": each.part,
            "before": each.before,
            "after": each.after,
        }
        for each in entries(change.before, change.after, Author("", "", "aktivera"))
        if each.contact is None
    ]


def _etag(given: Answer) -> dict[str, str]:
    version = given.body.get("access_version")
    return {} if version is None else {"ETag": f'"{version}"'}
