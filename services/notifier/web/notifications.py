"""Routes of the bell: a user's own items."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from chassis.callers import Store, Who
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit, sought
from schemas.errors import Refused
from services.notifier.domain.bell import Handled
from services.notifier.domain.bell_texts import language, path, text
from services.notifier.store import inbox
from services.notifier.store.inbox import Act, Shown

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])

LARGEST_SEQ = 2**63 - 1
Seq = Annotated[int, Field(ge=0, le=LARGEST_SEQ)]

CURSORS: Cursors[int] = Cursors("notifications", Seq)


class NoSuchNotification(Refused):
    """The user has no such item."""

    code = "not_found"


class HandledBy(BaseModel):
    """What became of it; `by` is absent where no person did it."""

    how: str
    by: str | None
    at: datetime


class Item(BaseModel):
    """An item. `text` says how things are now, in the caller's language; `path` leads there in the console."""

    id: UUID
    seq: int
    kind: str
    client_id: UUID
    client_name: str
    test: bool
    text: str
    path: str
    state: str
    created_at: datetime
    seen_at: datetime | None
    read_at: datetime | None
    archived_at: datetime | None
    handled: HandledBy | None


class Items(BaseModel):
    """A page of items, newest first."""

    items: list[Item]
    next: str | None


class Counts(BaseModel):
    """What the badge shows."""

    unseen: int
    unread: int


class Marked(BaseModel):
    """An item after it was marked."""

    id: UUID
    seq: int
    state: str


class UpTo(BaseModel):
    """`seq` of the newest item that was shown; all items where it is absent."""

    seq: Seq | None = None


class ReadAll(BaseModel):
    """How many became read."""

    read: int


@router.get("", summary="The caller's bell, newest first")
async def list_notifications(
    who: Who,
    store: Store,
    state: Annotated[Shown | None, Query(description="without: all but archived")] = None,
    q: Annotated[str, Query(max_length=200, description="part of the client's name")] = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> Items:
    rows = await inbox.page(store, who.agency, who.sub, state, sought(q) or None, CURSORS.read(cursor), limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: row["seq"])
    now, locale = store.clock(), language(who.locale)
    return Items(items=[_item(row, now, locale) for row in shown], next=more)


@router.get("/count", summary="How many items are unseen and unread")
async def count_notifications(who: Who, store: Store) -> Counts:
    return Counts(**await inbox.count(store, who.agency, who.sub))


@router.post("/read-all", summary="Marks all items read, up to the newest that was shown")
async def read_all(who: Who, store: Store, up_to: UpTo | None = None) -> ReadAll:
    seq = up_to.seq if up_to else None
    return ReadAll(read=await inbox.mark_all_read(store, who.agency, who.sub, seq))


@router.post("/{notification_id}/{act}", summary="Marks one item seen, read or archived")
async def mark_notification(notification_id: UUID, act: Act, who: Who, store: Store) -> Marked:
    row = await inbox.mark(store, who.agency, who.sub, notification_id, act)
    if row is None:
        raise NoSuchNotification
    return Marked(id=row["id"], seq=row["seq"], state=_state(row))


def _item(row: Any, now: datetime, locale: str) -> Item:
    handled = Handled(row["handled_how"], row["handled_by"], row["handled_at"]) if row["handled_how"] else None
    return Item(
        id=row["id"],
        seq=row["seq"],
        kind=row["kind"],
        client_id=row["client_id"],
        client_name=row["client_name"],
        test=row["test"],
        text=text(row["kind"], row["client_name"], handled, now, locale),
        path=path(row["kind"], str(row["client_id"])),
        state=_state(row),
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        read_at=row["read_at"],
        archived_at=row["archived_at"],
        handled=HandledBy(how=handled.how, by=handled.by, at=handled.at) if handled else None,
    )


def _state(row: Any) -> str:
    for state in ("archived", "read", "seen"):
        if row[f"{state}_at"] is not None:
            return state
    return "unseen"
