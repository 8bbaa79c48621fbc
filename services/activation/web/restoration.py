"""Routes of break-glass: an operator asks for an administrator in a locked-out client, another one confirms."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from chassis.commands import Answer
from chassis.handling import Change
from services.activation.domain.administrators import administrators
from services.activation.domain.client import Client
from services.activation.domain.restoring import ConfirmRestoration, RequestRestoration
from services.activation.domain.rights import OperatorRequired
from services.activation.web.acting import Acting, Does
from services.activation.web.bodies import ConfirmationBody, RestorationBody
from services.activation.web.shapes.agency import Restoration
from services.activation.web.shapes.refusals import REFUSALS

router = APIRouter(prefix="/v1/clients/{client_id}/restoration", tags=["operators"], responses=REFUSALS)


@router.post(
    "",
    summary="Asks for a consultant to become administrator of a locked-out client",
    status_code=202,
    response_model=Restoration,
)
async def request(client_id: UUID, body: RestorationBody, does: Does) -> JSONResponse:
    _must_operate(does)
    act = RequestRestoration(does.actor, does.rules, body.consultant, body.reason)
    return await does.do(client_id, act, _render, body.model_dump())


@router.post("/confirm", summary="A second operator confirms it", response_model=Restoration)
async def confirm(client_id: UUID, body: ConfirmationBody, does: Does) -> JSONResponse:
    _must_operate(does)
    act = ConfirmRestoration(does.actor, does.rules, body.consultant)
    return await does.do(client_id, act, _render, body.model_dump())


def _must_operate(does: Acting) -> None:
    """Asked before the client is looked for, so that nobody else learns whether there is one."""
    if does.actor.client is not None or "operator" not in does.actor.roles:
        raise OperatorRequired


def _render(change: Change[UUID, Client]) -> Answer:
    client, wish = change.after, change.after.restoring
    return Answer(
        200 if wish is None else 202,
        {
            "client_id": str(client.activation.client_id),
            "waits_for_a_second_operator": wish.sub if wish else None,
            "administrators": [each.name for each in administrators(client)],
        },
    )
