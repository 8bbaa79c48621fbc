"""The operator's routes of the gate: hold mails, see what would be sent, release."""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from chassis.callers import Store
from chassis.operations import Operator
from services.notifier.store import gate, recalled

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/operations/mail", tags=["operations"])


class Order(BaseModel):
    """Why, and whether it is only tried out."""

    why: str = Field("", max_length=500, pattern=r"^[^\x00]*$")
    dry_run: bool = True


class Keep(Order):
    """Releases all mails but these, which are noted as `unknown`: a person may send them again."""

    but: Annotated[list[UUID], Field(max_length=1000)] = []


@router.get("", summary="Whether mails are held, and what would be sent")
async def show(_: Operator, store: Store, limit: Annotated[int, Query(ge=1, le=5000)] = 200) -> dict[str, Any]:
    return {**await gate.standing(store), "items": await gate.would_send(store, limit)}


@router.post("/hold", summary="Send no mail until it is released; a dry run first")
async def hold(who: Operator, store: Store, order: Order) -> dict[str, Any]:
    if not order.dry_run:
        async with store.unit_of_work() as uow:
            await gate.hold(uow, who.sub, order.why)
    log.info("mails held", by=who.sub, dry_run=order.dry_run)
    return {"dry_run": order.dry_run, **await gate.standing(store)}


@router.post("/release", summary="Send what waits; a dry run first")
async def release(who: Operator, store: Store, order: Keep) -> dict[str, Any]:
    given_up = 0
    if not order.dry_run:
        async with store.unit_of_work() as uow:
            await recalled.settle(uow)
            given_up = await gate.give_up(uow, list(order.but))
            await gate.release(uow, who.sub, order.why)
    log.info("mails released", by=who.sub, dry_run=order.dry_run, given_up=given_up)
    return {"dry_run": order.dry_run, "given_up": given_up, **await gate.standing(store)}
