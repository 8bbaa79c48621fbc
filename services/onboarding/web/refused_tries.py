"""What people try to change and are refused is recorded, on every route; and the route on which the record is read."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from chassis.callers import Store, Who, Why
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit
from schemas.errors import Refused
from services.onboarding.domain.agency import AgencyAdminRequired
from services.onboarding.domain.instructions import uuid_or_none
from services.onboarding.store import refused_tries
from services.onboarding.store.refused_tries import RefusedTry
from services.onboarding.web.shapes import ByOfAgency

router = APIRouter(prefix="/v1/refused-tries", tags=["operations"])

CURSORS: Cursors[int] = Cursors("refused-tries", int)
READS = frozenset({"GET", "HEAD"})


class RefusedTryShown(BaseModel):
    """One try to change something: by whom, on which route, at which client, and the code that refused it."""

    at: datetime
    by: ByOfAgency
    act: str
    client_id: UUID | None
    refused: str
    correlation_id: str


class RefusedTryPage(BaseModel):
    """A page of tries; `next` is the cursor of the following one."""

    items: list[RefusedTryShown]
    next: str | None


async def recorded(request: Request, who: Who, store: Store, why: Why) -> AsyncIterator[None]:
    """What a route refuses is on record before it is answered, in a transaction that the refusal does not take back."""
    try:
        yield
    except Refused as refusal:
        if request.method not in READS:
            client_id = uuid_or_none(str(request.path_params.get("client_id")))
            act = f"{request.method} {request.scope['route'].path.replace(':uuid', '')}"
            tried = RefusedTry(who.agency, who.sub, act, client_id, refusal.code, why.correlation_id)
            async with store.unit_of_work() as uow:
                await refused_tries.record(uow, tried)
        raise


@router.get("", summary="What people tried to change and were refused, the newest first", response_model=RefusedTryPage)
async def tries(
    who: Who,
    store: Store,
    client_id: Annotated[UUID | None, Query(description="only tries on this client")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> JSONResponse:
    """The agency's own people's for its administrators, everybody's for operators; the last year's."""
    is_operator = who.client is None and "operator" in who.roles
    if not is_operator and (who.client is not None or "agency_admin" not in who.roles):
        raise AgencyAdminRequired
    agency = None if is_operator else who.agency
    rows = await refused_tries.page(store, agency, client_id, CURSORS.read(cursor), limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: row["id"])
    items = [
        RefusedTryShown(
            at=row["at"],
            by=ByOfAgency(agency=row["by_agency"], sub=row["by_sub"]),
            act=row["act"],
            client_id=row["client_id"],
            refused=row["refused"],
            correlation_id=row["correlation_id"],
        )
        for row in shown
    ]
    return JSONResponse(RefusedTryPage(items=items, next=more).model_dump(mode="json"))
