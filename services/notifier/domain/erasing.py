"""A client that was erased: remembered by its id, so that nothing that comes late brings a name back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.client import ClientErasedV1, ClientSnapshotV1
from schemas.envelope import Decision, Envelope


@dataclass(frozen=True, slots=True)
class Erased:
    """An erased client."""

    client_id: UUID
    at: datetime


def erase(
    state: object | None, event: Envelope[ClientErasedV1] | Envelope[ClientSnapshotV1], now: datetime
) -> Decision[Erased]:
    """Once. A snapshot says it too, to one who has missed it; of a client that is there it says nothing here."""
    if isinstance(state, Erased) or (isinstance(event.data, ClientSnapshotV1) and event.data.status != "erased"):
        return Decision(state)  # type: ignore[arg-type]  # nothing is kept of it
    return Decision(Erased(event.data.client_id, now))
