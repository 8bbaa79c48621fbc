"""Routes on which people ask activation for something that it decides, and read what became of it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from chassis.callers import Key, Store, Who, Why
from chassis.commands import Answer, answer
from chassis.db import Database
from chassis.handling import Change
from chassis.idempotency import IdempotencyKey
from chassis.ids import uuid7
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit
from chassis.tokens import Caller
from chassis.unit_of_work import Cause
from schemas.errors import Pointed, Refused, problem
from services.onboarding import vault
from services.onboarding.domain.asking import FIELDS, Ask, Askable, AskCancellation, AskLicences, Question
from services.onboarding.domain.unknown_fields import beyond
from services.onboarding.handlers import QUESTIONS
from services.onboarding.store import lists, questions
from services.onboarding.web.acts import CancelBody, LicencesBody, QuestionPage, QuestionShown
from services.onboarding.web.remarks import warnings
from services.onboarding.web.seeing import must_see
from services.onboarding.web.shapes import AskedShown, By
from services.onboarding.web.staff import STAFF, NotFound, person

router = APIRouter(prefix="/v1/clients/{client_id:uuid}", tags=["clients"], dependencies=[Depends(must_see)])

CURSORS: Cursors[UUID] = Cursors("client-requests", UUID)


class IdempotencyKeyRequired(Refused):
    """Asked again without a key, the thing could be asked twice."""

    code = "idempotency_key_required"


class Asking:
    """A caller who is about to ask for something, once."""

    def __init__(self, caller: Caller, store: Database, cause: Cause, once: IdempotencyKey) -> None:
        self.caller = caller
        self._store = store
        self._cause = cause
        self._once = once

    async def ask(self, act: type[Ask], client_id: UUID, content: Mapping[str, Any]) -> JSONResponse:
        """Asks, or answers as before where the same was asked with the same key. Raises what refuses it."""
        command = act(self.caller.agency, uuid7(), content, person(self.caller), self._cause.correlation_id)
        render = partial(_accepted, beyond(content, FIELDS[act]))
        given = await answer(self._store, QUESTIONS, client_id, command, self._cause, render, self._once)
        return JSONResponse(given.body, given.status, headers={"Location": given.body["url"]})


async def asking(request: Request, who: Who, store: Store, why: Why, key: Key = None) -> Asking:
    """Raises NotAllowed, IdempotencyKeyRequired."""
    who.must_be_staff(*STAFF)
    if key is None:
        raise IdempotencyKeyRequired
    digest = vault.opened().digest(await request.body())  # a plain digest would let somebody guess what was sent
    scope = f"{who.agency}/{who.sub}/{request.url.path}"
    return Asking(who, store, why, IdempotencyKey.of(scope, key, digest))


Asks = Annotated[Asking, Depends(asking)]


@router.post("/cancel", status_code=202, summary="Asks for a client to be cancelled", response_model=QuestionShown)
async def cancel(client_id: UUID, body: CancelBody, asks: Asks) -> JSONResponse:
    """Activation decides: possible until somebody has activated. Read the answer at the URL in `Location`."""
    return await asks.ask(AskCancellation, client_id, dict(body))


@router.post("/licences", status_code=202, summary="Asks for other licences", response_model=QuestionShown)
async def licences(client_id: UUID, body: LicencesBody, asks: Asks) -> JSONResponse:
    """Activation decides: nothing may be in use beyond what is left. Read the answer at the URL in `Location`."""
    return await asks.ask(AskLicences, client_id, dict(body))


@router.get("/requests/{request_id}", summary="What became of something that was asked", response_model=QuestionShown)
async def show(client_id: UUID, request_id: UUID, who: Who, store: Store) -> JSONResponse:
    await _must_see(client_id, who, store)
    asked = await questions.read(store, client_id, request_id)
    if asked is None:
        raise NotFound
    return JSONResponse(_shown(asked))


@router.get("/requests", summary="What was asked of a client, the newest first", response_model=QuestionPage)
async def list_all(
    client_id: UUID, who: Who, store: Store, limit: Limit = DEFAULT_LIMIT, cursor: After = None
) -> JSONResponse:
    await _must_see(client_id, who, store)
    found = await questions.page(store, client_id, CURSORS.read(cursor), limit + 1)
    shown, more = CURSORS.page(found, limit, lambda each: each.request_id)
    return JSONResponse({"items": [_shown(each) for each in shown], "next": more})


async def _must_see(client_id: UUID, who: Caller, store: Store) -> None:
    who.must_be_staff(*STAFF, "operator")
    if await lists.one(store, who.agency, client_id) is None:
        raise NotFound


def _accepted(passed_over: Sequence[Pointed], change: Change[UUID, Askable]) -> Answer:
    asked = change.after.asked
    assert asked is not None
    return Answer(202, _shown(asked) | warnings(passed_over))


def _shown(asked: Question) -> dict[str, Any]:
    """A question as people read it; what was refused in the words of its code."""
    words: Mapping[str, Any] = {} if asked.code is None else problem(asked.code, asked.errors, **asked.facts)
    return QuestionShown(
        request_id=asked.request_id,
        client_id=asked.client_id,
        kind=asked.kind,
        state=asked.state,
        asked=AskedShown.model_validate(asked.content),
        by=By(sub=asked.by.sub, name=asked.by.name),
        asked_at=asked.asked_at,
        settled_at=asked.settled_at,
        code=asked.code,
        title=words.get("title"),
        detail_sv=words.get("detail_sv"),
        detail_en=words.get("detail_en"),
        errors=words.get("errors", []),
        url=f"/v1/clients/{asked.client_id}/requests/{asked.request_id}",
    ).model_dump(mode="json", by_alias=True, exclude_unset=True)
