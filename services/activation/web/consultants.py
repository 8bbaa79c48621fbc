"""Routes of the agency's consultants at a client: who is linked, who answers for it, and hand-overs."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from chassis.commands import Answer
from chassis.handling import Change
from chassis.ids import uuid7
from services.activation.domain.client import Client
from services.activation.domain.consultants import HandOver, Link, Reassign, present
from services.activation.handover import Wish
from services.activation.web.acting import Does, diff, effects
from services.activation.web.bodies import ConsultantsBody, HandoverBody, ReassignBody
from services.activation.web.shapes.agency import ChangedConsultants, Consultants, HandedOver
from services.activation.web.shapes.refusals import REFUSALS

router = APIRouter(prefix="/v1/clients/{client_id}", tags=["consultants"], responses=REFUSALS)
handovers = APIRouter(prefix="/v1/handovers", tags=["consultants"], responses=REFUSALS)


@router.get("/consultants", summary="The consultants at the client", response_model=Consultants)
async def show(client_id: UUID, does: Does) -> JSONResponse:
    client, _ = await does.looked_at(client_id)
    return JSONResponse(_shown(client))


@router.put(
    "/consultants", summary="Links these consultants to the client, and no others", response_model=ChangedConsultants
)
async def link(client_id: UUID, body: ConsultantsBody, does: Does) -> JSONResponse:
    act = Link(does.actor, does.rules, tuple(body.consultants))
    return await does.do(client_id, act, _render, body.model_dump())


@router.put("/responsible", summary="Says who answers for the client", response_model=ChangedConsultants)
async def reassign(client_id: UUID, body: ReassignBody, does: Does) -> JSONResponse:
    act = Reassign(does.actor, does.rules, body.responsible_consultant)
    return await does.do(client_id, act, _render, body.model_dump())


@handovers.post(
    "", summary="Hands all clients of a consultant, or some, to another; preview first", response_model=HandedOver
)
async def hand_over(body: HandoverBody, does: Does) -> JSONResponse:
    act = HandOver(does.actor, does.rules, uuid7(), body.from_, body.to)
    return await does.do_all(Wish(act, body.clients, body.preview), _handed_over, body.model_dump(mode="json"))


def _render(change: Change[UUID, Client]) -> Answer:
    return Answer(200, {**_shown(change.after), "changes": diff(change), "effects": effects(change)})


def _handed_over(wish: Wish, changes: list[Change[UUID, Client]]) -> Answer:
    return Answer(
        200,
        {
            "handover_id": None if wish.preview else str(wish.act.handover_id),
            "from": wish.act.from_sub,
            "to": wish.act.to_sub,
            "preview": wish.preview,
            "clients": [
                {
                    "client_id": str(each.key),
                    "client_name": each.after.activation.client_name,
                    "changes": diff(each),
                    "effects": effects(each),
                }
                for each in changes
            ],
        },
    )


def _shown(client: Client) -> dict[str, object]:
    there = present(client)
    return {
        "client_id": str(client.activation.client_id),
        "responsible_consultant": client.activation.responsible_consultant,
        "consultants": [
            {
                "sub": sub,
                "name": client.staff[sub].name if sub in client.staff else None,
                "linked": sub in client.linked,
                "user": client.user_of(sub) is not None,
            }
            for sub in sorted(there)
        ],
    }
