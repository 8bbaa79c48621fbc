"""The operator's routes of the gate: hold mails, see what would be sent, release."""

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from chassis.callers import Opened, Store
from chassis.operations import Operator, Undo
from schemas.errors import Refused
from services.notifier.settings import NotifierSettings
from services.notifier.store import circuits, gate, recalled

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/operations/mail", tags=["operations"])

MOST = 5000


class MailsNotWaiting(Refused):
    """Mails are named that do not wait: a slip, after which nothing should go out."""

    code = "emails_not_waiting"


class Order(BaseModel):
    """Why, and whether it is only tried out."""

    why: str = Field("", max_length=500, pattern=r"^[^\x00]*$")
    dry_run: bool = True


class Keep(Order):
    """Releases all mails but these, which are noted as `unknown`: a person may send them again."""

    but: Literal["all"] | Annotated[list[UUID], Field(max_length=MOST)] = []


@router.get("", summary="Whether mails are held, and what would be sent")
async def show(_: Operator, context: Opened, limit: Annotated[int, Query(ge=1, le=MOST)] = 200) -> dict[str, Any]:
    assert isinstance(context.settings, NotifierSettings)
    items = await gate.would_send(context.database, context.settings.mail_domain, limit)
    open_or_not = [asdict(each) for each in await circuits.every(context.database)]
    return {**await gate.standing(context.database), "circuits": open_or_not, "items": items}


@router.post("/hold", summary="Send no mail until it is released; a dry run first")
async def hold(who: Operator, store: Store, order: Order) -> dict[str, Any]:
    try:
        async with store.unit_of_work() as uow:
            before = await gate.read(uow)
            await gate.hold(uow, who.sub, order.why)
            after = await gate.read(uow)
            if order.dry_run:
                raise Undo
    except Undo:
        pass
    log.info("mails held", by=who.sub, dry_run=order.dry_run)
    return {"dry_run": order.dry_run, "before": before, "after": after, **await gate.standing(store)}


@router.post("/release", summary="Send what waits; a dry run first")
async def release(who: Operator, store: Store, order: Keep) -> dict[str, Any]:
    try:
        async with store.unit_of_work() as uow:
            before = await gate.read(uow)
            await recalled.settle(uow)
            given_up = await gate.give_up(uow, None if order.but == "all" else order.but)
            if strangers := set(order.but if order.but != "all" else ()) - given_up:
                raise MailsNotWaiting(ids=", ".join(sorted(map(str, strangers))))
            goes_out = await gate.waiting(uow)
            await gate.release(uow, who.sub, order.why)
            if order.dry_run:
                raise Undo
    except Undo:
        pass
    counts = {"goes_out": goes_out, "given_up": len(given_up)}
    log.info("mails released", by=who.sub, dry_run=order.dry_run, **counts)
    return {"dry_run": order.dry_run, "before": before, **counts, **await gate.standing(store)}
