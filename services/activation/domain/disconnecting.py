"""Disconnection: agency and client part, once an administrator of the client's own has approved (§7.5, §7.7)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from schemas.activation import ConsultantsChangedV1
from schemas.disconnection import DisconnectionApprovedV1, DisconnectionRequestedV1, DisconnectionWithdrawnV1
from schemas.errors import Pointed, Refused
from schemas.values import Person, UserContact
from services.activation.domain.administrators import lasting
from services.activation.domain.client import Client, Disconnecting, Member, Rules
from services.activation.domain.draft import Draft
from services.activation.domain.rights import (
    Actor,
    AgencyAdminRequired,
    SystemAdminRequired,
    by_system_administrator,
    managed,
    rights,
)
from services.activation.domain.users import put


class DisconnectionPending(Refused):
    """A disconnection waits already."""

    code = "disconnection_pending"


class DisconnectionClosed(Refused):
    """No disconnection waits: it is settled, or nobody has asked."""

    code = "disconnection_closed"


class DisconnectionCodeWrong(Refused):
    """The code is not that of the mail to this administrator; the wish waits still."""

    code = "disconnection_code_wrong"


class ClientAdministratorRequired(Refused):
    """The client has no administrator of its own who has logged in: nobody would be left."""

    code = "client_administrator_required"


@dataclass(frozen=True, slots=True)
class RequestDisconnection:
    """Agency and client shall part."""

    actor: Actor
    rules: Rules
    disconnection_id: UUID


@dataclass(frozen=True, slots=True)
class ApproveDisconnection:
    """An administrator of the client agrees. `code` from the mail, or none where they are signed in as that user."""

    actor: Actor
    rules: Rules
    code: str | None = None
    expected: Callable[[str, UUID, UUID, int], str] | None = None


@dataclass(frozen=True, slots=True)
class WithdrawDisconnection:
    """The wish back."""

    actor: Actor
    rules: Rules


def request_disconnection(draft: Draft, command: RequestDisconnection) -> None:
    """Asks the client's own administrators. An administrator of the client or of the agency may.

    Raises SystemAdminRequired, AgencyAdminRequired, DisconnectionPending, ClientAdministratorRequired.
    """
    _may_ask(draft, command.actor)
    if draft.disconnecting is not None:
        raise DisconnectionPending
    if not own_administrators(draft.client()):
        raise ClientAdministratorRequired
    wish = Disconnecting(
        command.disconnection_id,
        1,
        command.rules.kid,
        command.actor.person,
        draft.now + timedelta(days=command.rules.disconnection_days),
    )
    draft.disconnecting = wish
    draft.say(DisconnectionRequestedV1(**draft.scope, **disconnection_facts(draft.client(), wish, wish.by)))


def approve_disconnection(draft: Draft, command: ApproveDisconnection) -> None:
    """Parts them: the agency's consultants lose all they hold in the client, which keeps its own users.

    Raises SystemAdminRequired, DisconnectionClosed, DisconnectionCodeWrong, ClientAdministratorRequired.
    """
    client = managed(draft.client(), command.actor)
    user = client.user_of(command.actor.sub)
    if user is None or user.kind != "client" or not rights(client, command.actor, draft.now).system:
        raise SystemAdminRequired
    wish = draft.disconnecting
    if wish is None:
        raise DisconnectionClosed
    if command.code is not None and command.expected is not None:
        expected = command.expected(wish.kid, wish.disconnection_id, user.user_id, wish.generation)
        if not hmac.compare_digest(expected.encode(), command.code.encode()):
            raise DisconnectionCodeWrong([Pointed("/code", DisconnectionCodeWrong.code)])
    if not own_administrators(draft.client()):
        raise ClientAdministratorRequired
    facts = disconnection_facts(draft.client(), wish, command.actor.person)
    for each in list(draft.users.values()):
        if each.kind == "consultant" and each.state != "removed":
            put(draft, each, "removed")
    draft.tell_grants(command.actor.person)
    if draft.linked:
        draft.linked = frozenset()
        draft.say(ConsultantsChangedV1(**draft.scope, consultants=[]))
    draft.disconnecting = None
    draft.say(DisconnectionApprovedV1(**draft.scope, **facts), status="disconnected")


def withdraw_disconnection(draft: Draft, command: WithdrawDisconnection) -> None:
    """Takes the wish back; the agency's administrator only what a consultant wished.

    Raises SystemAdminRequired, AgencyAdminRequired, DisconnectionClosed.
    """
    _may_ask(draft, command.actor)
    wish = draft.disconnecting
    if wish is None:
        raise DisconnectionClosed
    if command.actor.is_agency_admin and wish.by.sub not in draft.before.staff:
        by_system_administrator(draft.client(), command.actor, draft.now)
    draft.disconnecting = None
    draft.say(
        DisconnectionWithdrawnV1(**draft.scope, **disconnection_facts(draft.client(), wish, command.actor.person))
    )


def own_administrators(client: Client) -> list[Member]:
    """The client's own people who are system administrators, have logged in, and stay."""
    return [each for each in lasting(client) if each.kind == "client"]


def disconnection_facts(client: Client, wish: Disconnecting, by: Person) -> dict[str, object]:
    """A disconnection as its events carry it."""
    return {
        "disconnection_id": wish.disconnection_id,
        "generation": wish.generation,
        "kid": wish.kid,
        "by": by,
        "administrators": [
            UserContact(user_id=each.user_id, name=each.name, email=each.email, locale=each.locale)
            for each in own_administrators(client)
        ],
        "expires_at": wish.expires_at,
    }


def _may_ask(draft: Draft, actor: Actor) -> None:
    client = managed(draft.client(), actor)
    if not rights(client, actor, draft.now).system and not actor.is_agency_admin:
        raise SystemAdminRequired if actor.client is not None else AgencyAdminRequired
