"""A client that was changed: called otherwise now, or with another address for its confirmation."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.client import ClientUpdatedV1
from schemas.envelope import Decision, Envelope
from schemas.values import Locale
from services.notifier.domain.erasing import Erased


@dataclass(frozen=True, slots=True)
class Renewed:
    """A client as its last change left it: for mails that wait, and for the bell's text."""

    client_id: UUID
    name: str
    confirmation_email: str
    locale: Locale


def renew(
    state: Erased | Renewed | None, event: Envelope[ClientUpdatedV1], _now: datetime
) -> Decision[Erased | Renewed]:
    """The latest counts; nothing brings an erased client's name back."""
    if isinstance(state, Erased):
        return Decision(state)
    client = event.data
    return Decision(Renewed(client.client_id, client.name, client.confirmation_email, client.locale))
