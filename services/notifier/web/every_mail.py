"""The operator's routes of single mails, of whichever agency: find them, see one's way, try one again."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from chassis.callers import Opened, Store, Why
from chassis.commands import execute
from chassis.ids import uuid7
from chassis.operations import Operator, Undo
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit, Moment
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.notification import Template
from schemas.values import Locale
from services.notifier.domain.mail import CLAIMABLE, MailState
from services.notifier.domain.resending import NoSuchEmail, Resend
from services.notifier.handlers import EMAILS
from services.notifier.settings import NotifierSettings
from services.notifier.store import every_mail as store_of
from services.notifier.store.every_mail import Wanted, unrecognised
from services.notifier.web.tries import Try, tries_of

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/operations/emails", tags=["operations"])

CURSORS: Cursors[UUID] = Cursors("every-mail", UUID)


class Mail(BaseModel):
    """A mail. `recipient` is masked; `requested_by` and `requested_why` are of a resend alone; `reason` is a code.

    `given_up_by`, `given_up_why`: of whoever released mails all but this one, which is `unknown` since.
    `transmitted_at`: when the content last went out; `due_at`: when it is tried next.
    """

    id: UUID
    template: Template
    cause_id: str
    client_id: UUID
    agency: str
    test: bool
    recipient: str
    locale: Locale
    resend: int
    requested_by: str | None
    requested_why: str | None
    given_up_by: str | None
    given_up_why: str | None
    state: MailState
    attempts: int
    created_at: datetime
    due_at: datetime | None
    transmitted_at: datetime | None
    settled_at: datetime | None
    smtp_code: int | None
    reason: str | None


class Mails(BaseModel):
    """A page of mails, newest first."""

    items: list[Mail]
    next: str | None


class Whole(Mail):
    """A mail with the Message-ID that a mail server's log has, what its newest attempts came to, and all that was sent
    of it, the first first."""

    message_id: str
    tries: list[Try]
    copies: list[Mail]


class Again(BaseModel):
    """Why, and whether it is only tried out."""

    reason: str = Field(min_length=3, max_length=500, pattern=r"^[^\x00]*$")
    dry_run: bool = True


class TriedAgain(BaseModel):
    """`how`: a mail that waits goes `now`; another is sent again as the mail `new_id`, of a dry run none."""

    dry_run: bool
    id: UUID
    state: MailState = Field(description="the one that it was in")
    how: Literal["now", "resend"]
    new_id: UUID | None = None
    resends_left: int | None = None


@router.get("", summary="Mails of all agencies, newest first; without a state those that were not sent")
async def list_every_mail(  # noqa: PLR0913, PLR0917  # one parameter a filter
    _: Operator,
    store: Store,
    state: MailState | None = None,
    agency: Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00]*$")] = None,
    client_id: UUID | None = None,
    template: Template | None = None,
    queued_before: Moment | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> Mails:
    wanted = Wanted(state, agency, client_id, template, queued_before)
    rows = await store_of.page(store, wanted, CURSORS.read(cursor), limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: row["id"])
    return Mails(items=[Mail(**_shown(row)) for row in shown], next=more)


@router.get("/{email_id}", summary="One mail: its way, its Message-ID, and what else was sent of it")
async def show_mail(_: Operator, context: Opened, email_id: UUID) -> Whole:
    assert isinstance(context.settings, NotifierSettings)
    mail = await store_of.one(context.database, email_id, context.settings.mail_domain)
    if mail is None:
        raise NoSuchEmail
    copies = await store_of.copies(context.database, mail)
    tries = await tries_of(context.database, email_id)
    return Whole(**_shown(mail), tries=tries, copies=[Mail(**_shown(row)) for row in copies])


@router.post("/{email_id}/retry", summary="Try a waiting mail at once, or have another sent again; a dry run first")
async def retry_mail(who: Operator, store: Store, why: Why, email_id: UUID, order: Again) -> TriedAgain:
    wish = Resend(uuid7(), who.sub, why.correlation_id, why=order.reason)
    try:
        async with store.unit_of_work() as uow:
            done = await _again(uow, email_id, wish, why)
            if order.dry_run:
                raise Undo
    except Undo:
        done.new_id = None
    done.dry_run = order.dry_run
    log.info("mail tried again", email_id=str(email_id), by=who.sub, how=done.how, dry_run=order.dry_run)
    return done


async def _again(uow: UnitOfWork, email_id: UUID, wish: Resend, why: Cause) -> TriedAgain:
    """Raises NoSuchEmail, EmailNotResendable, ResendLimit."""
    waits = await store_of.hurry(uow, email_id)
    if waits is not None:
        return TriedAgain(dry_run=True, id=email_id, state=waits, how="now")
    row = await store_of.standing_of(uow, email_id)
    if row is None:
        raise NoSuchEmail
    change = await execute(uow, EMAILS, (row["agency"], email_id), wish, why)
    left = change.after.resends_left
    return TriedAgain(
        dry_run=True, id=email_id, state=row["state"], how="resend", new_id=wish.new_id, resends_left=left
    )


def _shown(row: Any) -> dict[str, Any]:
    mail = unrecognised(dict(row))
    return {**mail, "attempts": mail["attempt"], "due_at": mail["due_at"] if mail["state"] in CLAIMABLE else None}
