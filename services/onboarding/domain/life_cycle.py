"""The life of a client: which state may follow which, and what may be done in each (rule book §7.1)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from schemas.client import ClientStatus
from schemas.errors import Refused

Stage = ClientStatus | Literal["draft", "expired"]

MOVES: Mapping[Stage, tuple[Stage, ...]] = {
    "draft": ("submitted", "expired"),
    "submitted": ("listed", "cancelled"),
    "listed": ("active", "cancelled"),
    "active": ("disconnecting",),
    "disconnecting": ("disconnected", "active"),
    "disconnected": ("erased",),
    "cancelled": ("erased",),
    "expired": (),
    "erased": (),
}
"""State → the states that may follow it at once."""


class ClientIsCancelled(Refused):
    """The client was cancelled."""

    code = "client_cancelled"


class ClientIsDisconnected(Refused):
    """The client left the agency."""

    code = "client_disconnected"


class ClientIsErased(Refused):
    """The client's data are gone."""

    code = "client_erased"


GONE: Mapping[Stage, type[Refused]] = {
    "cancelled": ClientIsCancelled,
    "disconnected": ClientIsDisconnected,
    "erased": ClientIsErased,
}
"""State in which nothing of a client can be changed any more → what says so."""

ACTIVATED: frozenset[Stage] = frozenset({"active", "disconnecting", "disconnected"})


class TransitionInvalid(Refused):
    """The client's state does not lead where somebody wants it; `from`, `to` and what is `allowed` say so."""

    code = "invalid_transition"

    def __init__(self, before: Stage, after: Stage) -> None:
        facts: dict[str, Any] = {"from": before, "to": after, "allowed": list(MOVES[before])}
        super().__init__(**facts)


class AlreadyActivated(Refused):
    """Somebody has activated the client; `activated_by` and `activated_at` say who and when."""

    code = "already_activated"


def must_lead(before: Stage, after: Stage) -> None:
    """Raises TransitionInvalid where one state does not follow the other."""
    if after not in MOVES[before]:
        raise TransitionInvalid(before, after)


def must_be_cancellable(status: Stage, activated_by: str | None = None, activated_at: datetime | None = None) -> None:
    """Cancelling is for what nobody has activated yet. Raises AlreadyActivated, TransitionInvalid."""
    if status in ACTIVATED:
        raise AlreadyActivated(activated_by=activated_by, activated_at=activated_at)
    must_lead(status, "cancelled")


def must_live(status: Stage) -> None:
    """Lets pass what can still be changed. Raises what its state is called."""
    if status in GONE:
        raise GONE[status]
