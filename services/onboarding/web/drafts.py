"""Routes of drafts: the three-step guide, kept on the server until it is submitted."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from chassis.callers import Key, Store, Who, Why
from chassis.commands import Answer, once
from chassis.idempotency import IdempotencyKey
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit, sought
from chassis.tokens import Caller
from chassis.unit_of_work import UnitOfWork
from services.onboarding import drafting, look_ups, vault
from services.onboarding.domain.agency import AgencyAdminRequired
from services.onboarding.domain.creation import swedish_date
from services.onboarding.domain.draft_content import beside
from services.onboarding.domain.drafts import DraftIsStale, DraftStatus, PutStep
from services.onboarding.domain.unknown_fields import unknown_of_a_person
from services.onboarding.drafting import Looked, Submission, Viewer
from services.onboarding.store import clients, drafts
from services.onboarding.web.bodies import CreatedClient
from services.onboarding.web.draft_bodies import DraftBody, DraftPage, ListedDraft, ShownDraft
from services.onboarding.web.editions import IfMatch, etag, perhaps_seen, seen_edition
from services.onboarding.web.shown import created_before, created_client
from services.onboarding.web.shown_drafts import listed_draft, shown_draft
from services.onboarding.web.staff import STAFF, person

router = APIRouter(prefix="/v1/drafts", tags=["drafts"])

CURSORS: Cursors[UUID] = Cursors("drafts", UUID)
AT_ONCE = 100  # where words are sought: what is sealed is searched by opening it
MOST_OPENED = 1000  # by one search

Of = Annotated[Literal["me", "agency"], Query(description="whose drafts; all of the agency's are its administrators'")]


Step = Annotated[int, Path(ge=1, le=3, description="1 access, 2 details, 3 licences")]


@router.post("", status_code=201, summary="Begins a draft", response_model=ShownDraft)
async def start(body: DraftBody, request: Request, who: Who, store: Store, why: Why, key: Key = None) -> JSONResponse:
    viewer = _viewer(who)

    async def work(uow: UnitOfWork) -> Answer:
        return Answer(201, {"draft_id": str(await drafting.start(uow, viewer, person(who), body.root, why))})

    digest = vault.opened().digest(await request.body())  # may hold a number that a plain one would betray
    scope = f"{who.agency}/{who.sub}/start-draft"
    given = await once(store, work, IdempotencyKey.of(scope, key, digest) if key else None)
    return await _answer(store, viewer, UUID(given.body["draft_id"]), 201, body.root)


@router.get("", summary="One's own drafts, newest first", response_model=DraftPage)
async def list_drafts(
    who: Who,
    store: Store,
    q: Annotated[str, Query(max_length=200, description="part of the client's name")] = "",
    status: Annotated[DraftStatus, Query(description="only drafts in this state")] = "draft",
    of: Of = "me",
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> JSONResponse:
    viewer = _viewer(who)
    if of == "agency" and not viewer.agency_admin:
        raise AgencyAdminRequired
    place, words = CURSORS.read(cursor), sought(q).casefold()
    found: list[ListedDraft] = []
    at_once = AT_ONCE if words else limit + 1
    for _ in range(MOST_OPENED // AT_ONCE):
        rows = await drafts.page(store, who.agency, who.sub if of == "me" else None, place, status, at_once)
        found += await _named(rows, words, store)
        if len(rows) < at_once or len(found) > limit:
            items, more = CURSORS.page(found, limit, lambda each: each.draft_id)
            break
        place = rows[-1]["draft_id"]
    else:
        items, more = found, CURSORS.write(rows[-1]["draft_id"])  # as far as one search goes; the next goes on
    return JSONResponse(DraftPage(items=list(items), next=more).model_dump(mode="json"))


@router.get("/{draft_id}", summary="One draft; a person's number is masked", response_model=ShownDraft)
async def show(draft_id: UUID, who: Who, store: Store) -> JSONResponse:
    return await _answer(store, _viewer(who), draft_id)


@router.put("/{draft_id}/steps/{step}", summary="Stores one step, right or not", response_model=ShownDraft)
async def put(
    draft_id: UUID, step: Step, body: DraftBody, who: Who, store: Store, why: Why, if_match: IfMatch = None
) -> JSONResponse:
    viewer, command = _viewer(who), PutStep(step, body.root, seen_edition(if_match))
    try:
        async with store.unit_of_work() as uow:
            looked = await drafting.put(uow, viewer, draft_id, command, why)
    except DraftIsStale:
        async with store.unit_of_work() as uow:
            now = await drafting.find(uow, viewer, draft_id)
        raise DraftIsStale(version=now.draft.version, draft=_shown(now, store)) from None
    return _rendered(looked, store)


@router.post(
    "/{draft_id}/submit",
    status_code=201,
    summary="Makes a draft a client",
    response_model=CreatedClient,
    responses={200: {"model": CreatedClient, "description": "It was made one before"}},
)
async def submit(
    draft_id: UUID,
    who: Who,
    store: Store,
    why: Why,
    body: DraftBody | None = None,
    if_match: IfMatch = None,
) -> JSONResponse:
    viewer, sent_beside, asked = _viewer(who), body.root if body is not None else {}, look_ups.LookUp()
    sent = Submission(person(who), perhaps_seen(if_match), beside(sent_beside), asked)

    async def work(uow: UnitOfWork) -> Answer:
        client, client_id = await drafting.submit(uow, viewer, draft_id, sent, why)
        if client is None:
            return Answer(200, created_before(await clients.one(uow, client_id)).model_dump(mode="json"))
        return Answer(201, created_client(client, unknown_of_a_person(sent_beside)).model_dump(mode="json"))

    async with look_ups.limited(store, who.agency, who.sub, asked):
        given = await once(store, work)
    return JSONResponse(given.body, given.status)


@router.delete("/{draft_id}", status_code=204, summary="Throws a draft away")
async def remove(draft_id: UUID, who: Who, store: Store, if_match: IfMatch = None) -> Response:
    async with store.unit_of_work() as uow:
        await drafting.remove(uow, _viewer(who), draft_id, perhaps_seen(if_match))
    return Response(status_code=204)


async def _named(rows: Sequence[Any], words: str, store: Store) -> list[ListedDraft]:
    """Of these the drafts in whose name the words are, as it is shown. Others are taken in between: each takes a while.

    Only what has the words at all is held against the rule book, which takes longer than opening does.
    """
    now, found = store.clock(), []
    for row in rows:
        await asyncio.sleep(0)
        draft = drafting.opened(row)
        if words in draft.name.casefold():
            listed = listed_draft(draft, now, swedish_date(now))
            found += [listed] if words in (listed.name or "").casefold() else []
    return found


def _viewer(who: Caller) -> Viewer:
    who.must_be_staff(*STAFF)
    return Viewer(who.agency, who.sub, "agency_admin" in who.roles)


async def _answer(
    store: Store, viewer: Viewer, draft_id: UUID, status: int = 200, sent: Mapping[str, Any] | None = None
) -> JSONResponse:
    async with store.unit_of_work() as uow:
        looked = await drafting.find(uow, viewer, draft_id, sent)
    return _rendered(looked, store, status)


def _rendered(looked: Looked, store: Store, status: int = 200) -> JSONResponse:
    return JSONResponse(_shown(looked, store), status, etag(looked.draft.version))


def _shown(looked: Looked, store: Store) -> dict[str, Any]:
    now = store.clock()
    return shown_draft(looked, now, swedish_date(now)).model_dump(mode="json")
