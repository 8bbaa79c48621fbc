"""How a request becomes an act on a client: who acts, the act done or refused, and both put down in the history."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Request
from fastapi.responses import JSONResponse

from chassis.callers import Key, Opened, Who, Why
from chassis.commands import Answer, answer
from chassis.handling import Change
from chassis.idempotency import IdempotencyKey
from chassis.service import Context
from chassis.tokens import Caller
from chassis.unit_of_work import Cause
from schemas.errors import Refused
from schemas.values import Locale
from services.activation.domain.acts import author_of, decide
from services.activation.domain.arrow import NotFound
from services.activation.domain.client import Client, Rules
from services.activation.domain.draft import changes_between
from services.activation.domain.inviting import UnknownInvitation
from services.activation.domain.rights import Actor
from services.activation.domain.saving import StaleVersion
from services.activation.handlers import CLIENTS
from services.activation.handover import Wish, hand_over_all
from services.activation.settings import ActivationSettings
from services.activation.store import clients, history

MOST_SHOWN = 500

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
        scope = f"{self.actor.agency}/{self.actor.sub}/{self._path}"
        keyed = IdempotencyKey.of(scope, self._key, orjson.dumps(content, default=str)) if self._key else None
        try:
            given = await answer(self.context.database, CLIENTS, client_id, act, self._cause, render, keyed)
        except StaleVersion as stale:
            await self._note(client_id, act, stale)
            stale.facts["changes"] = await self._since(client_id, act.version)
            raise
        except Refused as refusal:
            await self._note(client_id, act, refusal)
            raise
        return JSONResponse(given.body, given.status, headers=_etag(given))

    async def do_all(self, wish: Wish, render: RenderAll) -> JSONResponse:
        """Hands over, or says what a hand-over would do."""
        async with self.context.database.unit_of_work() as uow:
            changes = await hand_over_all(uow, wish, self._cause)
            given = render(wish, changes)
        return JSONResponse(given.body, given.status)

    async def preview(self, client_id: UUID, act: Any, render: Render) -> JSONResponse:
        """What the act would do; nothing is kept of it."""
        async with self.context.database.unit_of_work() as uow:
            before = (await clients.look(uow, [client_id])).get(client_id)
            after = decide(before, act, uow.now).state
        given = render(Change(client_id, before, after))
        return JSONResponse(given.body, given.status)

    async def _note(self, client_id: UUID, act: Any, refusal: Refused) -> None:
        """Puts a refused try into the history; not of clients that the caller may not see."""
        if isinstance(refusal, NotFound | UnknownInvitation):
            return
        async with self.context.database.unit_of_work() as uow:
            agency = await clients.agency_of(uow, client_id)
            if agency is not None and (agency == self.actor.agency or "operator" in self.actor.roles):
                await history.refuse(
                    uow, history.Refusal(client_id, agency, author_of(act), refusal.code, self._cause.correlation_id)
                )

    async def _since(self, client_id: UUID, version: int) -> list[dict[str, Any]]:
        rows = await history.since(self.context.database, client_id, version, MOST_SHOWN)
        return [history.shown(row) for row in rows]


def activation_settings(context: Context) -> ActivationSettings:
    """The settings of the service that runs."""
    assert isinstance(context.settings, ActivationSettings)
    return context.settings


def actor_of(caller: Caller) -> Actor:
    """The caller as the rules know people. Events take a name of at most 200 letters."""
    locale: Locale = "en" if caller.locale.startswith("en") else "sv"
    client = None
    if caller.client is not None:
        try:
            client = UUID(caller.client)
        except ValueError:
            raise NotFound from None
    return Actor(caller.sub, caller.name[:200], caller.agency, caller.roles, client, caller.email, locale)


def acting(request: Request, context: Opened, who: Who, why: Why, key: Key = None) -> Acting:
    return Acting(context, who, why, key, f"{request.method} {request.url.path}")


Does = Annotated[Acting, Depends(acting)]


def diff(change: Change[UUID, Client]) -> list[dict[str, Any]]:
    """What an act changes in the matrix, cell by cell."""
    before = change.before.grants if change.before else {}
    return [each.model_dump(mode="json") for each in changes_between(before, change.after.grants)]


def _etag(given: Answer) -> dict[str, str]:
    version = given.body.get("access_version")
    return {} if version is None else {"ETag": f'"{version}"'}
