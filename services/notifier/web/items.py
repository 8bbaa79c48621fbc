"""An item of the bell as its reader sees it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.notifier.domain.bell import Handled
from services.notifier.domain.bell_texts import text
from services.notifier.domain.kinds import KINDS, Kind, path
from services.notifier.domain.names import shown
from services.notifier.store.inbox import bell_of


class HandledBy(BaseModel):
    """What became of it; `by` is absent where no person did it."""

    how: str
    by: str | None
    at: datetime


class Item(BaseModel):
    """An item. `text` says how things are now, in the caller's language; `path` leads there in the console."""

    id: UUID
    seq: int
    kind: Kind
    mandatory: bool
    client_id: UUID | None
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


def item(row: Any, now: datetime, locale: str) -> Item:
    """A row of the inbox, in the reader's language."""
    bell = bell_of(row)
    handled = bell.handled
    return Item(
        id=row["item_id"],
        seq=row["seq"],
        kind=bell.kind,
        mandatory=KINDS[bell.kind].mandatory,
        client_id=bell.client_id,
        client_name=shown(bell.client_name),
        test=bell.test,
        text=text(bell, now, locale),
        path=path(bell.kind, bell.client_id),
        state=state_of(row),
        created_at=row["rung_at"],
        seen_at=row["seen_at"],
        read_at=row["read_at"],
        archived_at=row["archived_at"],
        handled=_handled(handled) if handled else None,
    )


def _handled(handled: Handled) -> HandledBy:
    return HandledBy(how=handled.how, by=handled.by and shown(handled.by), at=handled.at)


def state_of(row: Any) -> str:
    """The furthest that an item has come."""
    for state in ("archived", "read", "seen"):
        if row[f"{state}_at"] is not None:
            return state
    return "unseen"
