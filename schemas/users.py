"""User events: invitations to a client and the users that came of them. Key and aggregate: the client."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from schemas.activation import ClientScoped
from schemas.values import Email, EmailOrBlank, KeyId, Locale, Name, Ordinal, Person, Sub, Value

UserState = Literal["invited", "active", "disabled", "removed"]


class Invitation(Value):
    """An open invitation. The link's code is computed from `kid`, the id and `generation`; it never travels."""

    user_id: UUID
    invitation_id: UUID
    generation: Ordinal
    mailing: Ordinal
    kid: KeyId
    name: Name
    email: Email
    locale: Locale
    invited_by: Person
    expires_at: AwareDatetime


class _Invitation(Invitation, ClientScoped):
    """An invitation as its events carry it: `mailing` counts the mails, `generation` the codes."""


class UserInvitedV1(_Invitation):
    """Somebody was invited to be a user of the client."""


class InvitationChangedV1(_Invitation):
    """An invitation was sent again, sent to another address, withdrawn, or ran out."""

    state: Literal["resent", "readdressed", "withdrawn", "expired"]


class _User(ClientScoped):
    """A user of a client, whole. `sub` is known once the person has accepted; `email` blank where none is known."""

    user_id: UUID
    sub: Sub | None = None
    name: Name
    email: EmailOrBlank
    locale: Locale
    state: UserState


class UserAcceptedV1(_User):
    """The invited person accepted and is bound to their `sub`."""


class UserChangedV1(_User):
    """A user's name, address, language or state changed."""


class UserRemovedV1(_User):
    """A user was removed and holds nothing any more."""
