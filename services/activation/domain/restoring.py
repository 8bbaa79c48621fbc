"""Break-glass: two operators give a client that has locked itself out an administrator again (rule book §7.5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.errors import Pointed, Refused
from schemas.values import Reason
from services.activation.domain.administrators import lasting
from services.activation.domain.client import Cell, Client, Held, Restoring, Rules
from services.activation.domain.consultants import UnknownConsultant, join
from services.activation.domain.draft import Draft
from services.activation.domain.rights import Actor, ClientNotActivated, OperatorRequired

VALID = timedelta(hours=24)


class SecondOperatorRequired(Refused):
    """It takes two operators: one asks, another confirms."""

    code = "second_operator_required"


class NotLockedOut(Refused):
    """The client has an administrator who has logged in, and who is the one to ask."""

    code = "client_not_locked_out"


class NothingToConfirm(Refused):
    """Nobody has asked for this consultant, or more than a day ago."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class RequestRestoration:
    """The first operator names the consultant who is to be administrator, and why."""

    actor: Actor
    rules: Rules
    sub: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class ConfirmRestoration:
    """The second operator agrees to this consultant."""

    actor: Actor
    rules: Rules
    sub: str


def request_restoration(draft: Draft, command: RequestRestoration) -> None:
    """Notes the wish. Raises OperatorRequired, NotLockedOut, UnknownConsultant."""
    _must_be_locked_out(draft.client(), command.actor)
    if command.sub not in draft.before.staff:
        raise UnknownConsultant([Pointed("/consultant", UnknownConsultant.code)])
    draft.restoring = Restoring(command.sub, command.reason, command.actor.sub, draft.now)


def confirm_restoration(draft: Draft, command: ConfirmRestoration) -> None:
    """Makes the consultant system administrator. Raises OperatorRequired, SecondOperatorRequired, NothingToConfirm."""
    _must_be_locked_out(draft.client(), command.actor)
    wish = draft.restoring
    if wish is None or wish.sub != command.sub or not _stands(wish, draft.now):
        raise NothingToConfirm
    if wish.by_sub == command.actor.sub:
        raise SecondOperatorRequired
    consultant = draft.before.staff.get(wish.sub)
    if consultant is None:
        raise UnknownConsultant
    user = join(draft, consultant)
    draft.grant(Cell(user.user_id, "system_administrator"), Held("on", None, draft.now))
    draft.tell_grants(command.actor.person)
    draft.restoring = None


def _must_be_locked_out(client: Client, actor: Actor) -> None:
    if actor.client is not None or "operator" not in actor.roles:
        raise OperatorRequired
    if client.activation.activated_at is None or client.activation.status == "disconnected":
        raise ClientNotActivated
    if lasting(client):
        raise NotLockedOut


def _stands(wish: Restoring, now: datetime) -> bool:
    return now - wish.at < VALID
