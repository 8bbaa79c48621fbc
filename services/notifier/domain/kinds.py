"""The kinds of bell: which there are, which nobody can turn off, and where in the console each leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args
from uuid import UUID

Kind: TypeAlias = Literal[
    "client_listed",
    "reminder_due",
    "licences_low",
    "over_assigned",
    "cancellation_refused",
    "reassigned",
    "handover",
    "disconnection_requested",
    "disconnection_approved",
    "disconnection_withdrawn",
    "disconnection_expired",
    "invitation_expired",
    "email_failed",
    "email_unknown",
    "release_refused",
]


@dataclass(frozen=True, slots=True)
class About:
    """`mandatory`: rings whatever its reader prefers, since work stands still until somebody has seen it."""

    path: str
    mandatory: bool = False


_CLIENT = "/clients/{client_id}"

KINDS: Mapping[Kind, About] = {
    "client_listed": About("/activations?client={client_id}", mandatory=True),
    "reminder_due": About("/activations?client={client_id}"),
    "licences_low": About(_CLIENT + "/licences"),
    "over_assigned": About(_CLIENT + "/licences", mandatory=True),
    "cancellation_refused": About(_CLIENT),
    "reassigned": About(_CLIENT),
    "handover": About(_CLIENT, mandatory=True),
    "disconnection_requested": About(_CLIENT + "/disconnection"),
    "disconnection_approved": About(_CLIENT, mandatory=True),
    "disconnection_withdrawn": About(_CLIENT),
    "disconnection_expired": About(_CLIENT),
    "invitation_expired": About(_CLIENT + "/users"),
    "email_failed": About("/emails?client={client_id}", mandatory=True),
    "email_unknown": About("/emails?client={client_id}", mandatory=True),
    "release_refused": About("/consultants", mandatory=True),
}
assert set(KINDS) == set(get_args(Kind))

MAIL_KINDS: tuple[Kind, ...] = ("email_failed", "email_unknown")
"""What came of a mail: followed by what comes of it later, not by what becomes of the client."""

ENDED: tuple[Kind, ...] = (
    "handover",
    "disconnection_approved",
    "disconnection_withdrawn",
    "disconnection_expired",
    "cancellation_refused",
)
"""What is over when it is told: nothing is left to follow."""


def path(kind: Kind, client_id: UUID | None) -> str:
    """Where in the console the bell leads."""
    return KINDS[kind].path.format(client_id=client_id)
