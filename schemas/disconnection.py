"""Disconnection events: a client leaves its agency, approved by an administrator of its own. Key: the client."""

from uuid import UUID

from pydantic import AwareDatetime

from schemas.activation import ClientScoped
from schemas.values import KeyId, Ordinal, Person, UserContact, Value


class Disconnection(Value):
    """A disconnection, whole. Each administrator's code is computed from `kid`, the id, the user and `generation`."""

    disconnection_id: UUID
    generation: Ordinal
    kid: KeyId
    by: Person
    administrators: list[UserContact]
    expires_at: AwareDatetime


class _Disconnection(Disconnection, ClientScoped):
    """A disconnection as its events carry it."""


class DisconnectionRequestedV1(_Disconnection):
    """Somebody asked for the agency to be disconnected; every administrator of the client is mailed."""


class DisconnectionApprovedV1(_Disconnection):
    """An administrator of the client (`by`) approved; the agency is disconnected."""


class DisconnectionWithdrawnV1(_Disconnection):
    """The wish was taken back before anybody approved."""


class DisconnectionExpiredV1(_Disconnection):
    """Nobody approved in time; `by` is still the one who asked."""
