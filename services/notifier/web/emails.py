"""Routes of the agency's mails: what became of them, and sending one again."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from chassis.callers import Key, Store, Who, Why
from chassis.commands import Answer, answer
from chassis.db import Database
from chassis.handling import Change
from chassis.idempotency import IdempotencyKey
from chassis.ids import uuid7
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit, sought
from chassis.tokens import Caller
from schemas import email_addresses
from schemas.notification import Template
from schemas.personal_numbers import NumberDisclosed, discloses_a_number
from services.notifier.domain.mail import MailState
from services.notifier.domain.resending import NoSuchEmail, Resend, Sending
from services.notifier.handlers import EMAILS
from services.notifier.store import emails, people
from services.notifier.store.emails import EmailKey, Wanted
from services.notifier.web.tries import Try, tries_of

router = APIRouter(prefix="/v1/emails", tags=["emails"])

CURSORS: Cursors[UUID] = Cursors("emails", UUID)

SEES_ALL = frozenset({"agency_admin", "operator"})
STAFF = ("client_manager", "agency_admin", "operator")


class Email(BaseModel):
    """A mail. `reason` is a code; `due_at`: when it is tried next; `resend` counts from 1 where `requested_by` had it
    sent again."""

    id: UUID
    template: str
    recipient: str
    client_id: UUID
    client_name: str
    locale: str
    test: bool
    state: MailState
    attempts: int
    resend: int
    requested_by: str | None
    created_at: datetime
    due_at: datetime | None
    settled_at: datetime | None
    smtp_code: int | None
    reason: str | None


class EmailTried(Email):
    """A mail with what its attempts came to, the newest of them, the oldest first."""

    tries: list[Try]


class Emails(BaseModel):
    """A page of mails, newest first."""

    items: list[Email]
    next: str | None


def _address(value: str) -> str:
    if discloses_a_number(value):
        raise PydanticCustomError(NumberDisclosed.code, "a personal number")
    address = email_addresses.normalised(value)
    if address is None:
        raise PydanticCustomError("invalid_email", "no e-mail address")
    return address


class To(BaseModel):
    """Where a mail is sent again to, once: what the client has on file is changed in onboarding."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    recipient: Annotated[str, StringConstraints(max_length=2000), AfterValidator(_address)] | None = Field(
        None, description="another address, of a confirmation alone; without it the one that it had"
    )


class Queued(BaseModel):
    """A mail that will be sent again; `resends_left` today to that address."""

    id: UUID
    client_id: UUID
    template: str
    resend: int
    resends_left: int


@router.get("", summary="The agency's mails, newest first")
async def list_emails(  # noqa: PLR0913, PLR0917  # one parameter a filter
    who: Who,
    store: Store,
    q: Annotated[str, Query(max_length=200, description="part of the client's name or of the address")] = "",
    state: MailState | None = None,
    client_id: UUID | None = None,
    template: Template | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> Emails:
    who.must_be_staff(*STAFF)
    wanted = Wanted(sought(q) or None, state, client_id, template, await _only_of(who, store))
    rows = await emails.page(store, who.agency, wanted, CURSORS.read(cursor), limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: row["id"])
    return Emails(items=[_email(row) for row in shown], next=more)


@router.get("/{email_id}", summary="One mail")
async def get_email(email_id: UUID, who: Who, store: Store) -> EmailTried:
    who.must_be_staff(*STAFF)
    mail = _email(await _seen(who, store, email_id))
    return EmailTried(**mail.model_dump(), tries=await tries_of(store, email_id))


@router.post(
    "/{email_id}/resend", summary="Sends a mail again, at most five times a day", response_model=Queued, status_code=202
)
async def resend_email(
    email_id: UUID, who: Who, store: Store, why: Why, to: To | None = None, key: Key = None
) -> JSONResponse:
    who.must_be_staff(*STAFF)
    await _seen(who, store, email_id)
    recipient = to.recipient if to else None
    given = await answer(
        store,
        EMAILS,
        (who.agency, email_id),
        Resend(uuid7(), who.sub, why.correlation_id, recipient),
        why,
        _queued,
        IdempotencyKey.of(f"{who.agency}/{who.sub}/resend/{email_id}", key, (recipient or "").encode())
        if key
        else None,
    )
    return JSONResponse(given.body, given.status)


async def _seen(who: Caller, store: Database, email_id: UUID) -> Any:
    """The mail's row, for whoever may see its client. Raises NoSuchEmail."""
    row = await emails.one(store, who.agency, email_id, await _only_of(who, store))
    if row is None:
        raise NoSuchEmail
    return row


async def _only_of(who: Caller, store: Database) -> str | None:
    """Whose clients' mails alone are shown; None: those of the whole agency."""
    return None if who.roles & SEES_ALL or not await people.sees_own_only(store, who.agency) else who.sub


def _queued(change: Change[EmailKey, Sending]) -> Answer:
    queued = change.after.queued
    assert queued is not None
    assert queued.id is not None
    body = Queued(
        id=queued.id,
        client_id=queued.client_id,
        template=queued.template,
        resend=queued.resend,
        resends_left=change.after.resends_left,
    )
    return Answer(202, body.model_dump(mode="json"))


def _email(row: Any) -> Email:
    waits = row["state"] in ("pending", "retry")
    return Email(**{**row, "attempts": row["attempt"] - row["uncounted"], "due_at": row["due_at"] if waits else None})
