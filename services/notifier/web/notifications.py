"""Routes of the bell: a user's own items."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, Strict

from chassis.callers import Store, Who
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit, sought
from schemas.errors import Pointed, Refused
from services.notifier.domain.bell_texts import language
from services.notifier.domain.kinds import KINDS, Kind
from services.notifier.store import inbox, preferences
from services.notifier.store.inbox import Act, Shown
from services.notifier.web.items import Item, item, state_of

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])

LARGEST_SEQ = 2**63 - 1
Seq = Annotated[int, Field(ge=0, le=LARGEST_SEQ)]

CURSORS: Cursors[int] = Cursors("notifications", Seq)


class NoSuchNotification(Refused):
    """The user has no such item."""

    code = "not_found"


class Items(BaseModel):
    """A page of items, newest first."""

    items: list[Item]
    next: str | None


class Counts(BaseModel):
    """What the badge shows; 1000 stands for 1000 or more."""

    unseen: int
    unread: int


class Marked(BaseModel):
    """An item after it was marked."""

    id: UUID
    seq: int
    state: str


class UpTo(BaseModel):
    """`seq` of the newest item that was shown; all items where it is absent."""

    seq: Annotated[Seq, Strict()] | None = None


class ReadAll(BaseModel):
    """How many became read."""

    read: int


class KindMandatory(Refused):
    """The kind cannot be turned off."""

    code = "notification_mandatory"


class Preference(BaseModel):
    """One kind: whether it rings for the caller, and whether that can be turned off."""

    kind: Kind
    rings: bool
    mandatory: bool


class Preferences(BaseModel):
    """All kinds."""

    items: list[Preference]


class Wanted(BaseModel):
    """Kind → whether it is to ring."""

    kinds: dict[Kind, bool]


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
    return Items(items=[item(row, now, locale) for row in shown], next=more)


@router.get("/count", summary="How many items are unseen and unread")
async def count_notifications(who: Who, store: Store) -> Counts:
    return Counts(**await inbox.count(store, who.agency, who.sub))


@router.get("/preferences", summary="Which kinds ring for the caller")
async def get_preferences(who: Who, store: Store) -> Preferences:
    return _preferences(await preferences.of_user(store, who.agency, who.sub))


@router.put("/preferences", summary="Turns kinds on and off; those that are not named stay as they are")
async def put_preferences(who: Who, store: Store, wanted: Wanted) -> Preferences:
    refused = [kind for kind, on in wanted.kinds.items() if not on and KINDS[kind].mandatory]
    if refused:
        raise KindMandatory([Pointed(f"/kinds/{kind}", KindMandatory.code) for kind in refused])
    async with store.unit_of_work() as uow:
        await preferences.change(uow, who.agency, who.sub, {str(kind): on for kind, on in wanted.kinds.items()})
    return _preferences(await preferences.of_user(store, who.agency, who.sub))


@router.post("/read-all", summary="Marks all items read, up to the newest that was shown")
async def read_all(who: Who, store: Store, up_to: UpTo | None = None) -> ReadAll:
    seq = up_to.seq if up_to else None
    return ReadAll(read=await inbox.mark_all_read(store, who.agency, who.sub, seq))


@router.post("/{notification_id}/{act}", summary="Marks one item seen, read or archived, or takes that back")
async def mark_notification(notification_id: UUID, act: Act, who: Who, store: Store) -> Marked:
    row = await inbox.mark(store, who.agency, who.sub, notification_id, act)
    if row is None:
        raise NoSuchNotification
    return Marked(id=row["id"], seq=row["seq"], state=state_of(row))


def _preferences(muted: Collection[str]) -> Preferences:
    return Preferences(
        items=[Preference(kind=kind, rings=kind not in muted, mandatory=one.mandatory) for kind, one in KINDS.items()]
    )
