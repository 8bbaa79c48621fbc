"""Routes of the activation list and of the arrow."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from chassis.callers import Key, Store, Who, Why
from chassis.commands import Answer, answer
from chassis.idempotency import IdempotencyKey
from chassis.paging import DEFAULT_LIMIT, After, Limit, sought
from chassis.tokens import Caller
from schemas.values import Locale
from services.activation.answers import Activated, Entry, Page, activated, entry
from services.activation.domain.arrow import Activate, NotFound
from services.activation.handlers import ACTIVATIONS
from services.activation.store import lists
from services.activation.store.lists import CURSORS, NEWEST

router = APIRouter(prefix="/v1/activations", tags=["activations"])

STATUSES = ("pending", "activated", "configured", "cancelled", "disconnected")
STAFF = ("client_manager", "agency_admin", "operator")

Status = Literal["pending", "activated", "configured", "cancelled", "disconnected", "all"]


@router.get("", summary="The agency's activation list, newest first", response_model=Page)
async def list_activations(
    who: Who,
    store: Store,
    q: Annotated[str, Query(max_length=200, description="part of the client's name, in any case")] = "",
    status: Annotated[Status, Query(description="`pending` are those that wait for the arrow")] = "pending",
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> JSONResponse:
    who.must_be_staff(*STAFF)
    statuses = STATUSES if status == "all" else (status,)
    after = CURSORS.read(cursor) or NEWEST
    rows = await lists.page(store, who.agency, statuses, sought(q), after, limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: (row["listed_at"], row["client_id"]))
    now = store.clock()
    return JSONResponse(
        Page.model_construct(items=[entry(row, now) for row in shown], next=more).model_dump(mode="json")
    )


@router.get("/{client_id}", summary="One entry of the activation list", response_model=Entry)
async def get_activation(client_id: UUID, who: Who, store: Store) -> JSONResponse:
    who.must_be_staff(*STAFF)
    row = await lists.one(store, who.agency, client_id)
    if row is None:
        raise NotFound
    return JSONResponse(entry(row, store.clock()).model_dump(mode="json"))


@router.post(
    "/{client_id}/activate",
    summary="The arrow: the first to activate becomes system administrator",
    response_model=Activated,
)
async def activate(client_id: UUID, who: Who, store: Store, why: Why, key: Key = None) -> JSONResponse:
    given = await answer(
        store,
        ACTIVATIONS,
        client_id,
        clicked_by(who),
        why,
        lambda change: Answer(200, activated(change.after).model_dump(mode="json")),
        IdempotencyKey.of(f"{who.agency}/{who.sub}/activate/{client_id}", key, b"") if key else None,
    )
    return JSONResponse(given.body, given.status)


def clicked_by(who: Caller) -> Activate:
    """The caller at the arrow. Events take a name of at most 200 letters."""
    locale: Locale = "en" if who.locale.startswith("en") else "sv"
    return Activate(who.sub, who.name[:200], who.email, locale, who.agency, who.roles, who.client)
