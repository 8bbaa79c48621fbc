"""Disconnections as the notifier hears of them."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import EventData
from schemas.values import Person

_MODELS: dict[str, Any] = {
    "requested": DisconnectionRequestedV1,
    "approved": DisconnectionApprovedV1,
    "withdrawn": DisconnectionWithdrawnV1,
    "expired": DisconnectionExpiredV1,
}


def disconnection(
    what: Literal["requested", "approved", "withdrawn", "expired"], by: Person, client_id: UUID | None = None
) -> EventData:
    """The same one in each of its states."""
    event: EventData = _MODELS[what](
        client_id=client_id or UUID(int=7),
        agency="byra-ett",
        client_name="Bolaget AB",
        test=False,
        disconnection_id=UUID(int=5),
        generation=1,
        kid="k1",
        by=by,
        administrators=[],
        expires_at=datetime(2026, 4, 1, tzinfo=UTC),
    )
    return event
