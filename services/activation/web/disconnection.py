"""Routes of the disconnection of agency and client: asked for, approved by the client's own, taken back."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from chassis.commands import Answer
from chassis.handling import Change
from chassis.ids import uuid7
from services.activation.domain.client import Client
from services.activation.domain.disconnecting import (
    ApproveDisconnection,
    RequestDisconnection,
    WithdrawDisconnection,
)
from services.activation.web.acting import Does, Render
from services.activation.web.bodies import ApprovalBody
from services.activation.web.shapes.agency import Disconnection
from services.activation.web.shapes.refusals import REFUSALS

router = APIRouter(prefix="/v1/clients/{client_id}/disconnection", tags=["disconnection"], responses=REFUSALS)


@router.get("", summary="The disconnection that waits, if one does", response_model=Disconnection)
async def show(client_id: UUID, does: Does) -> JSONResponse:
    client, _ = await does.looked_at(client_id)
    return JSONResponse(_shown(client))


@router.post("", summary="Asks for agency and client to part", status_code=202, response_model=Disconnection)
async def request(client_id: UUID, does: Does) -> JSONResponse:
    return await does.do(client_id, RequestDisconnection(does.actor, does.rules, uuid7()), _render(202))


@router.post("/approve", summary="An administrator of the client's own agrees", response_model=Disconnection)
async def approve(client_id: UUID, does: Does, body: ApprovalBody | None = None) -> JSONResponse:
    code = body.code if body else None
    act = ApproveDisconnection(does.actor, does.rules, code, does.settings.link_keys.code)
    return await does.do(client_id, act, _render(200))


@router.delete("", summary="Takes the wish back", response_model=Disconnection)
async def withdraw(client_id: UUID, does: Does) -> JSONResponse:
    return await does.do(client_id, WithdrawDisconnection(does.actor, does.rules), _render(200))


def _render(status: int) -> Render:
    def render(change: Change[UUID, Client]) -> Answer:
        return Answer(status, _shown(change.after))

    return render


def _shown(client: Client) -> dict[str, object]:
    wish = client.disconnecting
    return {
        "client_id": str(client.activation.client_id),
        "status": client.activation.status,
        "disconnection": None
        if wish is None
        else {
            "disconnection_id": str(wish.disconnection_id),
            "by": {"sub": wish.by.sub, "name": wish.by.name},
            "expires_at": wish.expires_at.isoformat().replace("+00:00", "Z"),
        },
    }
