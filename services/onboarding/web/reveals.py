"""Routes of a number shown whole, and of the record of who saw it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from chassis.callers import Store, Who, Why
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit
from schemas.values import IdentityKind
from services.onboarding.domain.agency import AgencyAdminRequired
from services.onboarding.domain.unknown_fields import beyond
from services.onboarding.revealing import reveal
from services.onboarding.store import lists, reveals
from services.onboarding.web.bodies import Warned
from services.onboarding.web.remarks import Remark, warnings
from services.onboarding.web.seeing import must_see
from services.onboarding.web.shapes import ByOfAgency
from services.onboarding.web.staff import NotFound

router = APIRouter(
    prefix="/v1/clients/{client_id:uuid}/identity",
    tags=["clients"],
    dependencies=[Depends(must_see)],
)

CURSORS: Cursors[int] = Cursors("identity-reveals", int)


class RevealBody(Warned):
    """Why the number is needed: customer_due_diligence, authority_report, correction, support or other."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "customer_due_diligence"}})

    reason: Any = None


class RevealedNumber(BaseModel):
    """A client's number in full: twelve digits of a person's, ten of an organisation's. `warnings`: fields that nobody
    read."""

    client_id: UUID
    kind: IdentityKind
    number: str
    warnings: list[Remark] = []


class RevealShown(BaseModel):
    """One try to see a number; `refused` is the code that it was refused with."""

    at: datetime
    by: ByOfAgency
    reason: str | None
    refused: str | None
    correlation_id: str


class RevealPage(BaseModel):
    """A page of tries; `next` is the cursor of the following one."""

    items: list[RevealShown]
    next: str | None


@router.post(
    "/reveal", summary="Shows a client's number whole; who, when and why is kept", response_model=RevealedNumber
)
async def show_whole(client_id: UUID, body: RevealBody, who: Who, store: Store, why: Why) -> JSONResponse:
    """For administrators of the agency; at most 20 tries an hour each, those that are refused included."""
    passed_over = beyond(dict(body), RevealBody.model_fields)
    kind, number = await reveal(store, client_id, who, body.reason, why.correlation_id, passed_over)
    written = number.removeprefix("16") if kind == "organisation" else number
    shown = {"client_id": str(client_id), "kind": kind, "number": written, **warnings(passed_over)}
    return JSONResponse(shown, headers={"Cache-Control": "no-store"})


@router.get("/reveals", summary="Who saw a client's number, or tried to, the newest first", response_model=RevealPage)
async def tries(
    client_id: UUID, who: Who, store: Store, limit: Limit = DEFAULT_LIMIT, cursor: After = None
) -> JSONResponse:
    if who.client is not None or "agency_admin" not in who.roles:
        raise AgencyAdminRequired
    if await lists.one(store, who.agency, client_id) is None:
        raise NotFound
    rows = await reveals.page(store, client_id, CURSORS.read(cursor), limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: row["id"])
    items = [
        RevealShown(
            at=row["at"],
            by=ByOfAgency(agency=row["by_agency"], sub=row["by_sub"]),
            reason=row["reason"],
            refused=row["refused"],
            correlation_id=row["correlation_id"],
        )
        for row in shown
    ]
    return JSONResponse(RevealPage(items=items, next=more).model_dump(mode="json"))
