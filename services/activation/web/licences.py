"""Routes of a client's licences: how many there are, more of them, fewer of them, and access to programs at all."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from chassis.commands import Answer
from chassis.handling import Change
from chassis.ids import uuid7
from services.activation.domain.client import Client
from services.activation.domain.ordering import CancelReduction, Order, Reduce, SetProgramAccess
from services.activation.web import views
from services.activation.web.access import DryRun
from services.activation.web.acting import Does, diff
from services.activation.web.bodies import OrderBody, ProgramAccessBody, ReductionBody, minute_after
from services.activation.web.shapes import ETAG_UNLESS_DRY
from services.activation.web.shapes.access import ChangedLicences, Licences
from services.activation.web.shapes.refusals import REFUSALS

router = APIRouter(prefix="/v1/clients/{client_id}", tags=["licences"], responses=REFUSALS)

CHANGES: dict[str, Any] = {"response_model": ChangedLicences, "responses": {200: ETAG_UNLESS_DRY}}


@router.get(
    "/licences", summary="Bought, assigned, reserved, available; and the reductions that wait", response_model=Licences
)
async def show(client_id: UUID, does: Does) -> JSONResponse:
    client, _ = await does.looked_at(client_id)
    return JSONResponse(_shown(client))


@router.post("/licences/orders", summary="Orders more licences", **CHANGES)
async def order(client_id: UUID, body: OrderBody, does: Does) -> JSONResponse:
    return await does.do(client_id, Order(does.actor, does.rules, body.counts), _render, body.model_dump(mode="json"))


@router.post("/licences/reductions", summary="Reduces licences, at once or from a day on", **CHANGES)
async def reduce(client_id: UUID, body: ReductionBody, does: Does, dry_run: DryRun = False) -> JSONResponse:
    act = Reduce(
        does.actor,
        does.rules,
        uuid7(),
        body.program,
        body.count,
        body.reason,
        None if body.effective_at is None else minute_after(body.effective_at),
        tuple(body.release),
    )
    if dry_run:
        return await does.preview(client_id, act, _render)
    return await does.do(client_id, act, _render, body.model_dump(mode="json"))


@router.delete("/licences/reductions/{reduction_id}", summary="Takes back a reduction that waits", **CHANGES)
async def cancel(client_id: UUID, reduction_id: UUID, does: Does) -> JSONResponse:
    return await does.do(client_id, CancelReduction(does.actor, does.rules, reduction_id), _render)


@router.put("/program-access", summary="Turns the client's own programs on or off", **CHANGES)
async def program_access(client_id: UUID, body: ProgramAccessBody, does: Does) -> JSONResponse:
    act = SetProgramAccess(does.actor, does.rules, body.program_access)
    return await does.do(client_id, act, _render, body.model_dump())


def _render(change: Change[UUID, Client]) -> Answer:
    return Answer(200, {**_shown(change.after), "changes": diff(change)})


def _shown(client: Client) -> dict[str, object]:
    return {
        "client_id": str(client.activation.client_id),
        "program_access": client.activation.program_access,
        "licences": views.licences(client),
        "reductions": views.reductions(client),
        "access_version": client.access_version,
    }
