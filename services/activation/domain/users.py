"""A client's users once they are there: edited, disabled, enabled, removed (rule book §7.5, §7.6)."""

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from schemas.errors import Refused
from schemas.users import UserChangedV1, UserRemovedV1
from schemas.values import Locale
from services.activation.domain.administrators import keep_one
from services.activation.domain.client import Member, Rules
from services.activation.domain.draft import Draft
from services.activation.domain.inviting import facts_of, must_be_new, renew
from services.activation.domain.rights import Actor, SystemAdminRequired, by_system_administrator, managed, rights
from services.activation.domain.saving import UnknownUser, UserNotActive
from services.activation.domain.seats import watch_seats


class NotOfTheClient(Refused):
    """A consultant's name and address are kept by the agency."""

    code = "kept_by_the_agency"


@dataclass(frozen=True, slots=True)
class Edit:
    """Another name, address, language or state; None leaves what is."""

    actor: Actor
    rules: Rules
    user_id: UUID
    name: str | None = None
    email: str | None = None
    locale: Locale | None = None
    state: Literal["active", "disabled"] | None = None

    @property
    def of_state_alone(self) -> bool:
        """Whether nothing is edited but the state."""
        return self.state is not None and (self.name, self.email, self.locale) == (None, None, None)


@dataclass(frozen=True, slots=True)
class SetState:
    """A user is disabled, enabled again, or removed."""

    actor: Actor
    rules: Rules
    user_id: UUID
    state: Literal["active", "disabled", "removed"]


def edit(draft: Draft, command: Edit) -> None:
    """Changes a user's contact data, and state. An open invitation goes to a new address with a new code.

    Raises SystemAdminRequired (one's own contact data apart), UnknownUser, UserExists, NotOfTheClient, and for the
    state as `set_state` does.
    """
    client = managed(draft.client(), command.actor)
    held = rights(client, command.actor, draft.now)
    user = draft.users.get(command.user_id)
    if not held.system and held.user_id != command.user_id:
        raise SystemAdminRequired
    if user is None or user.state == "removed":
        raise UnknownUser
    edited = replace(
        user, name=command.name or user.name, email=command.email or user.email, locale=command.locale or user.locale
    )
    if edited != user:
        _edit_contact(draft, user, edited, command.rules)
    if command.state is not None:
        set_state(draft, SetState(command.actor, command.rules, command.user_id, command.state))


def _edit_contact(draft: Draft, user: Member, edited: Member, rules: Rules) -> None:
    if user.kind == "consultant":
        raise NotOfTheClient
    readdressed = edited.email.casefold() != user.email.casefold()
    if readdressed:
        must_be_new(draft, edited.email)
    draft.users[user.user_id] = edited
    draft.say(UserChangedV1(**draft.scope, **facts_of(edited)))
    invitation = draft.invitations.get(user.user_id)
    if readdressed and invitation is not None and invitation.state in ("open", "expired"):
        renew(draft, user.user_id, "readdressed", rules)


def set_state(draft: Draft, command: SetState) -> None:
    """Disables, enables or removes a user. Whoever is not active keeps nothing; the last administrator stays.

    Raises SystemAdminRequired, UnknownUser, UserNotActive, LastSystemAdministrator.
    """
    by_system_administrator(draft.client(), command.actor, draft.now)
    user = draft.users.get(command.user_id)
    if user is None or user.state == "removed":
        raise UnknownUser
    if user.state == command.state:
        return
    if user.state == "invited":
        raise UserNotActive
    put(draft, user, command.state)
    keep_one(draft, ["/state"] if command.state == "disabled" else [])
    if draft.tell_grants(command.actor.person):
        watch_seats(draft)


def put(draft: Draft, user: Member, state: Literal["active", "disabled", "removed"]) -> None:
    """Sets the state of a user, who keeps nothing unless active. One who is removed may come back as a new user."""
    changed = replace(user, state=state)
    if state != "active":
        draft.take_all(user.user_id)
    if state == "removed":
        draft.users[user.user_id] = replace(changed, sub=None)
        draft.say(UserRemovedV1(**draft.scope, **facts_of(changed)))
    else:
        draft.users[user.user_id] = changed
        draft.say(UserChangedV1(**draft.scope, **facts_of(changed)))
