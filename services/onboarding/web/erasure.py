"""The route on which a client is erased."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from chassis.callers import Store, Who, Why
from chassis.commands import Answer, answer
from chassis.handling import Change
from schemas.client import ClientStatus
from services.onboarding.domain.erasing import Erasable, EraseClient
from services.onboarding.erasing import ERASURES
from services.onboarding.web.seeing import must_see

router = APIRouter(prefix="/v1/clients/{client_id:uuid}", tags=["clients"], dependencies=[Depends(must_see)])


class ErasedClient(BaseModel):
    """A client of which the skeleton is left."""

    client_id: UUID
    agency: str
    status: ClientStatus
    erased_at: datetime


@router.post("/erase", summary="Erases a client that is cancelled or disconnected", response_model=ErasedClient)
async def erase(client_id: UUID, who: Who, store: Store, why: Why) -> JSONResponse:
    """For administrators of the agency and operators. Cannot be undone; asked again, it answers the same."""
    own = who.client is None
    command = EraseClient(
        agency=who.agency,
        sub=who.sub,
        operator=own and "operator" in who.roles,
        administrator=own and "agency_admin" in who.roles,
    )
    given = await answer(store, ERASURES, client_id, command, why, _erased)
    return JSONResponse(given.body, given.status)


def _erased(change: Change[UUID, Erasable]) -> Answer:
    after = change.after
    assert after.erased_at is not None
    body = ErasedClient(client_id=after.client_id, agency=after.agency, status=after.status, erased_at=after.erased_at)
    return Answer(200, body.model_dump(mode="json"))
