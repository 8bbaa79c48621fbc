"""Routes of drafts: the three-step guide, kept on the server until it is submitted."""

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
from services.onboarding import drafting, vault
from services.onboarding.domain.agency import AgencyAdminRequired
from services.onboarding.domain.creation import swedish_date
from services.onboarding.domain.draft_content import beside
from services.onboarding.domain.drafts import DraftIsStale, DraftStatus, PutStep
from services.onboarding.drafting import Looked, Viewer
from services.onboarding.store import clients, drafts
from services.onboarding.web.bodies import CreatedClient
from services.onboarding.web.draft_bodies import DraftBody, DraftPage, ListedDraft, ShownDraft
from services.onboarding.web.editions import IfMatch, etag, perhaps_seen, seen_edition
from services.onboarding.web.shown import created_before, created_client
from services.onboarding.web.shown_drafts import listed_draft, shown_draft
from services.onboarding.web.staff import STAFF, person

router = APIRouter(prefix="/v1/drafts", tags=["drafts"])

CURSORS: Cursors[UUID] = Cursors("drafts", UUID)
AT_ONCE = 500  # where words are sought: what is sealed is searched by opening it

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
    return await _answer(store, viewer, UUID(given.body["draft_id"]), 201)


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
    while len(found) <= limit:
        rows = await drafts.page(store, who.agency, who.sub if of == "me" else None, place, status, at_once)
        today = swedish_date(store.clock())
        shown = (listed_draft(drafting.opened(row), store.clock(), today) for row in rows)
        found += [each for each in shown if words in (each.name or "").casefold()]
        if len(rows) < at_once:
            break
        place = rows[-1]["draft_id"]
    items, more = CURSORS.page(found, limit, lambda each: each.draft_id)
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


@router.post("/{draft_id}/submit", status_code=201, summary="Makes a draft a client", response_model=CreatedClient)
async def submit(
    draft_id: UUID,
    who: Who,
    store: Store,
    why: Why,
    body: DraftBody | None = None,
    if_match: IfMatch = None,
) -> JSONResponse:
    viewer, more = _viewer(who), beside(body.root if body is not None else {})

    async def work(uow: UnitOfWork) -> Answer:
        client, client_id = await drafting.submit(uow, viewer, person(who), draft_id, perhaps_seen(if_match), more, why)
        shown = created_client(client) if client is not None else created_before(await clients.one(uow, client_id))
        return Answer(200 if client is None else 201, shown.model_dump(mode="json"))

    given = await once(store, work)
    return JSONResponse(given.body, given.status)


@router.delete("/{draft_id}", status_code=204, summary="Throws a draft away")
async def remove(draft_id: UUID, who: Who, store: Store, if_match: IfMatch = None) -> Response:
    async with store.unit_of_work() as uow:
        await drafting.remove(uow, _viewer(who), draft_id, perhaps_seen(if_match))
    return Response(status_code=204)


def _viewer(who: Caller) -> Viewer:
    who.must_be_staff(*STAFF)
    return Viewer(who.agency, who.sub, "agency_admin" in who.roles)


async def _answer(store: Store, viewer: Viewer, draft_id: UUID, status: int = 200) -> JSONResponse:
    async with store.unit_of_work() as uow:
        looked = await drafting.find(uow, viewer, draft_id)
    return _rendered(looked, store, status)


def _rendered(looked: Looked, store: Store, status: int = 200) -> JSONResponse:
    return JSONResponse(_shown(looked, store), status, etag(looked.draft.version))


def _shown(looked: Looked, store: Store) -> dict[str, Any]:
    now = store.clock()
    return shown_draft(looked, now, swedish_date(now)).model_dump(mode="json")
