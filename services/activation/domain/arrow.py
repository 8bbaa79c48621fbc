"""The arrow: a consultant activates a client, and the first one becomes its system administrator."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid5

from schemas.activation import ActivationActivatedV1
from schemas.envelope import Decision
from schemas.errors import Refused
from schemas.values import Locale, Person
from services.activation.domain.activation import Activation, User, said, scope_of


class NotFound(Refused):
    """There is no such client, or it is another agency's: nobody learns which."""

    code = "not_found"


class ActivationNotAllowed(Refused):
    """Only a client manager of the agency may activate."""

    code = "activation_not_allowed"


class AlreadyActivated(Refused):
    """Somebody else was first. Enter with the rights that you have."""

    code = "already_activated"


class ClientCancelled(Refused):
    """The client was cancelled before anybody activated it."""

    code = "client_cancelled"


class OwnUser(Refused):
    """Who clicks is a user of the client's own, and cannot be its consultant too."""

    code = "already_a_user"


class ConsultantLeaving(Refused):
    """Who clicks is leaving the agency: nothing is given to them any more."""

    code = "consultant_leaving"


class KycRequired(Refused):
    """Nobody has confirmed that the agency knows the client, which its policy demands first."""

    code = "kyc_required"


@dataclass(frozen=True, slots=True)
class Activate:
    """A person clicks the arrow. `client` is set for a client's own user; `kyc_required` is the operator's policy."""

    sub: str
    name: str
    email: str | None
    locale: Locale
    agency: str
    roles: frozenset[str]
    client: str | None = None
    kyc_required: bool = False


@dataclass(frozen=True, slots=True)
class ConfirmKyc:
    """A client manager confirms that the agency knows the client (customer due diligence)."""

    sub: str
    agency: str
    roles: frozenset[str]
    client: str | None = None


def activate(state: Activation | None, command: Activate, now: datetime) -> Decision[Activation]:
    """The first caller activates and becomes system administrator, unless the client brought its own."""
    state = _visible(state, command)
    if state.status == "cancelled":
        raise ClientCancelled
    if state.activated_at is not None:
        if state.activated_by_sub == command.sub:
            return Decision(state)
        raise AlreadyActivated(activated_by=state.activated_by_name, activated_at=state.activated_at)
    if command.sub in state.leaving:
        raise ConsultantLeaving
    if command.kyc_required and not state.kyc_by:
        raise KycRequired
    first_login = state.origin != "connected"
    if first_login and command.sub in state.own_people:
        raise OwnUser
    data = ActivationActivatedV1(
        **scope_of(state),
        activated_by=Person(sub=command.sub, name=command.name),
        created_at=state.created_at,
        listed_at=state.listed_at,
        activated_at=now,
        became_system_administrator=first_login,
    )
    return said(
        state,
        data,
        status="activated",
        activated_by_sub=command.sub,
        activated_by_name=command.name,
        activated_at=now,
        became_system_administrator=first_login,
        joined=(*state.joined, _first_administrator(state, command, now)) if first_login else state.joined,
    )


def confirm_kyc(state: Activation | None, command: ConfirmKyc, _now: datetime) -> Decision[Activation]:
    """Notes the confirmation; a second one changes nothing."""
    known = _visible(state, command)
    return Decision(known if known.kyc_by else replace(known, kyc_by=command.sub))


def _visible(state: Activation | None, command: Activate | ConfirmKyc) -> Activation:
    if state is None or state.agency != command.agency or command.client not in (None, str(state.client_id)):
        raise NotFound
    hidden = state.only_for is not None and command.sub not in state.only_for
    if hidden and command.client is None and "agency_admin" not in command.roles:
        raise NotFound
    if command.client is not None or "client_manager" not in command.roles:
        raise ActivationNotAllowed
    return state


def _first_administrator(state: Activation, command: Activate, now: datetime) -> User:
    return User(
        user_id=uuid5(state.client_id, command.sub),
        client_id=state.client_id,
        kind="consultant",
        sub=command.sub,
        name=command.name,
        email=command.email,
        locale=command.locale,
        state="active",
        logged_in_at=now,
        system_administrator=True,
    )
