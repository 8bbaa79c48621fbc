"""The operator's routes of the gate: hold mails, see what would be sent, release."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from chassis.callers import Opened, Store
from chassis.db import Database
from chassis.operations import Operator, Undo
from chassis.problems import Problem
from schemas.notification import Template
from services.notifier import giving_up
from services.notifier.domain.circuit import CircuitState
from services.notifier.domain.mail import MailState
from services.notifier.domain.troubles import Trouble
from services.notifier.settings import NotifierSettings
from services.notifier.store import circuits, gate

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/operations/mail", tags=["operations"])

MOST = 5000


class Order(BaseModel):
    """Why, and whether it is only tried out."""

    why: str = Field("", max_length=500, pattern=r"^[^\x00]*$")
    dry_run: bool = True


class Keep(Order):
    """Releases all mails but these, which are noted as `unknown`: a person may send them again."""

    but: Literal["all"] | Annotated[list[UUID], Field(max_length=MOST)] = []


class Gate(BaseModel):
    """Whether mails are held; since when, by whom and why it is as it is."""

    held: bool
    since: datetime | None
    by: str | None
    why: str | None


class Standing(Gate):
    """With how many there are: that wait, of which the topic told an outcome, that are being handed over, of which
    nobody knows whether they arrived, in 30 days, and that wait since the service cannot make them."""

    would_send: int
    recalled: int
    transmitting: int
    transmitting_since: datetime | None
    unknown: int
    unknown_since: datetime | None
    unmade: int
    unmade_since: datetime | None


class CircuitShown(BaseModel):
    """Of a mail server, `host:port`: while it is not `closed`, mails wait for it. `probe`: the mail that tries it."""

    relay: str
    state: CircuitState
    since: datetime | None
    trouble: Trouble | None
    smtp_code: int | None
    failures: int
    try_at: datetime | None
    probe: UUID | None


class WouldSend(BaseModel):
    """A mail that waits. `recipient` is masked."""

    id: UUID
    client_id: UUID
    agency: str
    template: Template
    recipient: str
    resend: int
    state: MailState
    created_at: datetime
    message_id: str


class Shown(BaseModel):
    """The gate, the mail servers' circuits that ever opened, and what would be sent, the oldest first."""

    mails: Standing
    circuits: list[CircuitShown]
    items: list[WouldSend]


class HeldNow(BaseModel):
    """`after`: as it is, or would be; `mails`: as things stand."""

    dry_run: bool
    before: Gate
    after: Gate
    mails: Standing


class Released(BaseModel):
    """How many go out, or would, and how many count as unknown; `mails`: as things stand."""

    dry_run: bool
    before: Gate
    goes_out: int
    given_up: int
    mails: Standing


class NotWaitingRefused(Problem):
    """Mails are named that do not wait; nothing was released."""

    ids: list[UUID] = Field(description="`emails_not_waiting`: which of them")


@router.get("", summary="Whether mails are held, and what would be sent")
async def show(_: Operator, context: Opened, limit: Annotated[int, Query(ge=1, le=MOST)] = 200) -> Shown:
    assert isinstance(context.settings, NotifierSettings)
    items = await gate.would_send(context.database, context.settings.mail_domain, limit)
    found = await circuits.every(context.database)
    return Shown(
        mails=await _standing(context.database),
        circuits=[CircuitShown(**asdict(each)) for each in found],
        items=[WouldSend(**each) for each in items],
    )


@router.post("/hold", summary="Send no mail until it is released; a dry run first")
async def hold(who: Operator, store: Store, order: Order) -> HeldNow:
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
    mails = await _standing(store)
    return HeldNow(dry_run=order.dry_run, before=Gate(**before), after=Gate(**after), mails=mails)


@router.post(
    "/release",
    summary="Send what waits; a dry run first",
    responses={409: {"model": NotWaitingRefused, "description": "Mails are named that do not wait"}},
)
async def release(who: Operator, store: Store, order: Keep) -> Released:
    asked = giving_up.Release(who.sub, order.why, None if order.but == "all" else order.but)
    done = await (giving_up.would_release if order.dry_run else giving_up.release)(store, asked)
    counts = {"goes_out": done.goes_out, "given_up": done.given_up}
    log.info("mails released", by=who.sub, dry_run=order.dry_run, **counts)
    return Released(dry_run=order.dry_run, before=Gate(**done.before), **counts, mails=await _standing(store))


async def _standing(database: Database) -> Standing:
    return Standing(**(await gate.standing(database))["mails"])
