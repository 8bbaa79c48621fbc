"""Routes on which people change a client: its details, with what others changed meanwhile; and the history of it."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from chassis.callers import Store, Who, Why
from chassis.commands import Answer, execute, once
from chassis.db import Database
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit
from chassis.tokens import Caller
from chassis.unit_of_work import UnitOfWork
from schemas.errors import Pointed
from services.onboarding import look_ups
from services.onboarding.domain.changing import ChangeClient, StaleVersion
from services.onboarding.domain.creation import Wanted
from services.onboarding.domain.identifying import ChangeIdentity
from services.onboarding.domain.unknown_fields import unknown_of_an_identity
from services.onboarding.handlers import CHANGES
from services.onboarding.identities import IDENTITIES, IdentityKey
from services.onboarding.store import changes, lists
from services.onboarding.store.on_file import Edit
from services.onboarding.web.acts import ChangesBody, ChangesPage, IdentifiedClient, IdentityBody
from services.onboarding.web.bodies import ShownClient
from services.onboarding.web.editions import IfMatch, etag, seen_edition
from services.onboarding.web.remarks import warnings
from services.onboarding.web.seeing import must_see
from services.onboarding.web.shown import shown_client
from services.onboarding.web.staff import STAFF, NotFound, person

router = APIRouter(prefix="/v1/clients/{client_id:uuid}", tags=["clients"], dependencies=[Depends(must_see)])

CURSORS: Cursors[int] = Cursors("client-changes", int)
MOST_SHOWN = 200


@router.patch("", summary="Changes a client's details: a JSON Merge Patch (RFC 7396)", response_model=ShownClient)
async def change(
    client_id: UUID, body: ChangesBody, who: Who, store: Store, why: Why, if_match: IfMatch = None
) -> JSONResponse:
    """What is named is set, null takes away, what is not named stays."""
    who.must_be_staff(*STAFF)
    patch, seen = body.patch(), seen_edition(if_match)
    command = ChangeClient(who.agency, seen, patch, person(who))
    wanted = Wanted.of(patch, who.agency, None)
    key = Edit(client_id, who.agency, wanted.external_ref, why, wanted.responsible)

    return await _changed(client_id, who, store, seen, lambda uow: execute(uow, CHANGES, key, command, why))


@router.post(
    "/identity", summary="Gives a client another number or responsible person", response_model=IdentifiedClient
)
async def identify(
    client_id: UUID, body: IdentityBody, who: Who, store: Store, why: Why, if_match: IfMatch = None
) -> JSONResponse:
    """An association gets its organisation number, a co-ordination number gives way to a personal number, another
    person answers for an association. The old personal number is destroyed; the history keeps its mask."""
    who.must_be_staff(*STAFF)
    content, seen = dict(body), seen_edition(if_match)
    command = ChangeIdentity(who.agency, seen, content, person(who))
    wanted = Wanted.of(content, who.agency, None)
    async with store.unit_of_work() as uow:  # counts whatever the answer is: one client could try out any number
        await look_ups.must_be_told(uow, who.agency, who.sub, wanted)
    key = IdentityKey(Edit(client_id, who.agency, None, why), wanted)
    passed_over = unknown_of_an_identity(content)

    def act(uow: UnitOfWork) -> Awaitable[object]:
        return execute(uow, IDENTITIES, key, command, why)

    return await _changed(client_id, who, store, seen, act, passed_over)


@router.get("/changes", summary="Who changed what of a client, the newest first", response_model=ChangesPage)
async def history(
    client_id: UUID, who: Who, store: Store, limit: Limit = DEFAULT_LIMIT, cursor: After = None
) -> JSONResponse:
    who.must_be_staff(*STAFF, "operator")
    if await lists.one(store, who.agency, client_id) is None:
        raise NotFound
    rows = await changes.page(store, client_id, CURSORS.read(cursor), limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: row["edition"])
    items = [changes.shown(row) for row in shown]
    return JSONResponse(ChangesPage.model_validate({"items": items, "next": more}).model_dump(mode="json"))


async def _changed(
    client_id: UUID,
    who: Caller,
    store: Database,
    seen: int,
    act: Callable[[UnitOfWork], Awaitable[object]],
    passed_over: Sequence[Pointed] = (),
) -> JSONResponse:
    """The client as an act leaves it, with its edition; where that was not seen, what the others changed since."""

    async def work(uow: UnitOfWork) -> Answer:
        await act(uow)
        row = await lists.one_within(uow, who.agency, client_id)
        return Answer(200, shown_client(row).model_dump(mode="json") | warnings(passed_over))

    try:
        given = await once(store, work)
    except StaleVersion as refusal:
        refusal.facts["changes"] = await changes.since(store, client_id, seen, MOST_SHOWN)
        raise
    return JSONResponse(given.body, given.status, etag(given.body["edition"]))
