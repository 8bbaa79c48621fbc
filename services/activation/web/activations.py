"""Routes of the activation list and of the arrow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response

from chassis.callers import Key, Store, Who, Why
from chassis.commands import Answer, answer
from chassis.db import Database
from chassis.idempotency import IdempotencyKey
from chassis.paging import DEFAULT_LIMIT, After, Limit, sought
from chassis.tokens import Caller
from schemas.errors import Pointed, Refused
from schemas.values import Locale, Origin
from services.activation.answers import Activated, Entry, Page, activated, entry
from services.activation.domain.arrow import Activate, ConfirmKyc, NotFound
from services.activation.domain.history import ActingAs, Author, acting_as
from services.activation.handlers import ARROW
from services.activation.store import lists
from services.activation.store.lists import CURSORS, NEWEST, Wanted
from services.activation.web.acting import Does, said_name
from services.activation.web.bodies import Entries
from services.activation.web.shapes.refusals import REFUSALS

router = APIRouter(prefix="/v1/activations", tags=["activations"], responses=REFUSALS)

STATUSES = ("pending", "activated", "configured", "cancelled", "disconnected")
STAFF = ("client_manager", "agency_admin", "operator")

Status = Literal["pending", "activated", "configured", "cancelled", "disconnected", "all"]


@dataclass(frozen=True)
class Filter:
    """Which entries of the list are wanted."""

    q: Annotated[str, Query(max_length=200, description="part of the client's name, in any case")] = ""
    status: Annotated[Status, Query(description="`pending` are those that wait for the arrow")] = "pending"
    origin: Annotated[Origin | None, Query(description="how the client came")] = None
    responsible_consultant: Annotated[
        str | None, Query(max_length=255, description="who answers for it; empty: nobody in particular")
    ] = None
    created_by: Annotated[str | None, Query(max_length=255, description="who created it")] = None
    older_than_days: Annotated[int | None, Query(ge=0, le=36500, description="listed longer ago than this")] = None
    hidden: Annotated[
        Literal["no", "yes", "all"], Query(description="entries that the caller has hidden: left out, alone, or both")
    ] = "no"

    def wanted(self, who: Caller, now: datetime, *, own: bool) -> Wanted:
        """The same for the store, on behalf of a caller."""
        return Wanted(
            statuses=STATUSES if self.status == "all" else (self.status,),
            q=sought(self.q),
            sub=who.sub,
            own=own,
            origin=self.origin,
            responsible=self.responsible_consultant,
            created_by=self.created_by,
            listed_before=None if self.older_than_days is None else now - timedelta(days=self.older_than_days),
            hidden={"no": False, "yes": True, "all": None}[self.hidden],
        )


@router.get("", summary="The agency's activation list, newest first", response_model=Page)
async def list_activations(
    who: Who, store: Store, which: Annotated[Filter, Depends()], limit: Limit = DEFAULT_LIMIT, cursor: After = None
) -> JSONResponse:
    who.must_be_staff(*STAFF)
    now = store.clock()
    wanted = which.wanted(who, now, own=await _own_only(store, who))
    after = CURSORS.read(cursor) or NEWEST
    rows = await lists.page(store, who.agency, wanted, after, limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: (row["listed_at"], row["client_id"]))
    return JSONResponse(
        Page.model_construct(items=[entry(row, now) for row in shown], next=more).model_dump(mode="json")
    )


@router.get("/{client_id}", summary="One entry of the activation list", response_model=Entry)
async def get_activation(client_id: UUID, who: Who, store: Store) -> JSONResponse:
    who.must_be_staff(*STAFF)
    row = await lists.one(store, who.agency, client_id, who.sub, own=await _own_only(store, who))
    if row is None:
        raise NotFound
    return JSONResponse(entry(row, store.clock()).model_dump(mode="json"))


@router.post(
    "/{client_id}/activate",
    summary="The arrow: the first to activate becomes system administrator",
    response_model=Activated,
)
async def activate(client_id: UUID, who: Who, does: Does, why: Why, key: Key = None) -> JSONResponse:
    try:
        given = await answer(
            does.context.database,
            ARROW,
            client_id,
            clicked_by(who, kyc_required=does.settings.kyc_required),
            why,
            lambda change: Answer(200, activated(change.after).model_dump(mode="json")),
            IdempotencyKey.of(f"{who.agency}/{who.sub}/activate/{client_id}", key, b"") if key else None,
        )
    except Refused as refusal:
        await does.note([client_id], Author("activate", who.sub, _capacity(who)), refusal)
        raise
    return JSONResponse(given.body, given.status)


@router.put("/{client_id}/kyc", summary="Confirms that the agency knows the client", status_code=204)
async def confirm_kyc(client_id: UUID, who: Who, store: Store, why: Why) -> Response:
    act = ConfirmKyc(who.sub, who.agency, who.roles, who.client)
    await answer(store, ARROW, client_id, act, why, lambda _: Answer(204, {}))
    return Response(status_code=204)


@router.post("/hide", summary="Hides entries from the caller's own view", status_code=204)
async def hide(body: Entries, who: Who, store: Store) -> Response:
    who.must_be_staff(*STAFF)
    await _must_see(store, who, body.client_ids)
    await lists.hide(store, who.agency, who.sub, body.client_ids)
    return Response(status_code=204)


@router.post("/unhide", summary="Shows hidden entries again", status_code=204)
async def unhide(body: Entries, who: Who, store: Store) -> Response:
    who.must_be_staff(*STAFF)
    await _must_see(store, who, body.client_ids)
    await lists.unhide(store, who.agency, who.sub, body.client_ids)
    return Response(status_code=204)


async def _must_see(store: Database, who: Caller, ids: Sequence[UUID]) -> None:
    """Raises NotFound with each of the entries that are not there for the caller; then none of them is changed."""
    seen = await lists.visible(store, who.agency, ids, who.sub, own=await _own_only(store, who))
    unseen = [Pointed(f"/client_ids/{number}", NotFound.code) for number, each in enumerate(ids) if each not in seen]
    if unseen:
        raise NotFound(unseen)


def _capacity(who: Caller) -> ActingAs:
    return acting_as(who.roles, own_user=who.client is not None)


async def _own_only(store: Database, who: Caller) -> bool:
    return (
        "agency_admin" not in who.roles and "operator" not in who.roles and await lists.sees_own_only(store, who.agency)
    )


def clicked_by(who: Caller, *, kyc_required: bool = False) -> Activate:
    """The caller at the arrow."""
    locale: Locale = "en" if who.locale.startswith("en") else "sv"
    return Activate(who.sub, said_name(who), who.email, locale, who.agency, who.roles, who.client, kyc_required)
