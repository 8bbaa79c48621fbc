"""Invitations: somebody is asked in, again, at another address, not any more; and comes in once (rule book §7.5)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Literal
from uuid import UUID

from schemas.errors import Pointed, Refused
from schemas.users import InvitationChangedV1, UserAcceptedV1, UserInvitedV1, UserRemovedV1
from schemas.values import Locale, Person
from services.activation.domain.client import Invitation, Member, Rules
from services.activation.domain.draft import Draft
from services.activation.domain.rights import (
    Actor,
    Rights,
    SystemAdminRequired,
    UserAdminRequired,
    managed,
    must_be_open,
    rights,
)
from services.activation.domain.saving import UnknownUser, Wish, apply, judge_forms, judge_rights
from services.activation.domain.seats import watch_seats

MOST_RESENDS = 5  # a day and address: §7.8
MOST_READDRESSED = 5  # a day, so that an invitation cannot be made to mail the world


class UserExists(Refused):
    """The client has a user with this address."""

    code = "user_exists"


class AlreadyAUser(Refused):
    """The person is a user of the client already, or a consultant of its agency; nobody is two of these."""

    code = "already_a_user"


class UnknownInvitation(Refused):
    """There is no such invitation, or the code is wrong: nobody learns which."""

    code = "unknown_invitation"


class InvitationExpired(Refused):
    """The invitation's days are over."""

    code = "invitation_expired"


class InvitationUsed(Refused):
    """Somebody has come in with the invitation; it works once."""

    code = "invitation_used"


class InvitationWithdrawn(Refused):
    """The invitation was taken back."""

    code = "invitation_withdrawn"


class InvitationNotOpen(Refused):
    """Nothing can be sent again or taken back: somebody came in, it was taken back, or there never was one."""

    code = "invitation_not_open"


class ResendLimit(Refused):
    """Sent again too many times within a day."""

    code = "resend_limit"


class ReaddressLimit(Refused):
    """The address was changed too many times within a day."""

    code = "readdress_limit"


@dataclass(frozen=True, slots=True)
class Invite:
    """A new user of the client, with what they shall hold. The ids are new ones."""

    actor: Actor
    rules: Rules
    user_id: UUID
    invitation_id: UUID
    name: str
    email: str
    locale: Locale
    wishes: tuple[Wish, ...] = ()


@dataclass(frozen=True, slots=True)
class Resend:
    """The invitation once more, with a new code and new days."""

    actor: Actor
    rules: Rules
    user_id: UUID


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The invitation back, and the user with it."""

    actor: Actor
    rules: Rules
    user_id: UUID


@dataclass(frozen=True, slots=True)
class Accept:
    """Somebody follows the link. `expected` answers the code that the invitation's link must carry."""

    actor: Actor
    rules: Rules
    invitation_id: UUID
    code: str
    expected: Callable[[str, UUID, int], str]


def invite(draft: Draft, command: Invite) -> None:
    """Adds a user who is invited, and what they are to hold, in one act.

    Raises UserAdminRequired, UserExists, and for the wishes as a Save does.
    """
    client = managed(draft.client(), command.actor)
    held = rights(client, command.actor, draft.now)
    _may_invite(held, command.wishes)
    must_be_new(draft, command.email)
    draft.users[command.user_id] = Member(
        command.user_id, "client", None, command.name, command.email, command.locale, "invited"
    )
    send(draft, command.user_id, command.invitation_id, command.actor.person, command.rules)
    judge_rights(command.wishes, held, "/grants")
    judge_forms(command.wishes, draft, "/grants")
    apply(draft, command.wishes, "/grants")
    if draft.tell_grants(command.actor.person):
        watch_seats(draft)


def send(draft: Draft, user_id: UUID, invitation_id: UUID, by: Person, rules: Rules) -> None:
    """The first invitation of a user, which its event makes the notifier mail."""
    expires_at = draft.now + timedelta(days=rules.invitation_days)
    invitation = Invitation(invitation_id, user_id, "open", 1, 1, rules.kid, by, expires_at)
    draft.invitations[user_id] = invitation
    draft.say(UserInvitedV1(**draft.scope, **invitation_facts(draft.users[invitation.user_id], invitation)))


def resend(draft: Draft, command: Resend) -> None:
    """A new mail with a new code; the old link is dead. Raises ResendLimit, and as `withdraw`."""
    invitation = _open_or_expired(draft, command.actor, command.user_id)
    renew(draft, invitation.user_id, "resent", command.rules)


def renew(draft: Draft, user_id: UUID, state: Literal["resent", "readdressed"], rules: Rules) -> None:
    """The invitation with its next code, its next mail and new days. Resends are counted by address, so that a wrong
    one can be put right at any time. Raises ResendLimit, ReaddressLimit."""
    known = draft.invitations[user_id]
    day_ago = draft.now - timedelta(days=1)
    resends = tuple(at for at in known.resends_on if at > day_ago)
    readdressed = tuple(at for at in known.readdressed_on if at > day_ago)
    if state == "resent":
        if len(resends) >= MOST_RESENDS:
            raise ResendLimit(retry_after_seconds=ceil((resends[0] - day_ago).total_seconds()))
        resends = (*resends, draft.now)
    else:
        if len(readdressed) >= MOST_READDRESSED:
            wait = ceil((readdressed[0] - day_ago).total_seconds())
            raise ReaddressLimit([Pointed("/email", ReaddressLimit.code)], retry_after_seconds=wait)
        resends, readdressed = (), (*readdressed, draft.now)
    renewed = replace(
        known,
        state="open",
        generation=known.generation + 1,
        mailing=known.mailing + 1,
        kid=rules.kid,
        expires_at=draft.now + timedelta(days=rules.invitation_days),
        resends_on=resends,
        readdressed_on=readdressed,
    )
    draft.invitations[user_id] = renewed
    draft.say(InvitationChangedV1(**draft.scope, **invitation_facts(draft.users[user_id], renewed), state=state))


def withdraw(draft: Draft, command: Withdraw) -> None:
    """Takes an invitation back: the user is gone, and what was reserved is free.

    Raises UserAdminRequired, SystemAdminRequired, UnknownUser, InvitationNotOpen.
    """
    invitation = _open_or_expired(draft, command.actor, command.user_id)
    close(draft, invitation, "withdrawn")
    draft.take_all(command.user_id)
    user = replace(draft.users[command.user_id], state="removed")
    draft.users[command.user_id] = user
    draft.say(UserRemovedV1(**draft.scope, **facts_of(user)))
    if draft.tell_grants(command.actor.person):
        watch_seats(draft)


def close(draft: Draft, invitation: Invitation, state: Literal["withdrawn", "expired"]) -> None:
    """Ends an open invitation."""
    closed = replace(invitation, state=state)
    draft.invitations[invitation.user_id] = closed
    draft.say(InvitationChangedV1(**draft.scope, **invitation_facts(draft.users[closed.user_id], closed), state=state))


def accept(draft: Draft, command: Accept) -> None:
    """The person comes in, once: their subject is bound to the user, and their licences are now assigned.

    Raises UnknownInvitation, InvitationUsed, InvitationWithdrawn, InvitationExpired, AlreadyAUser, and what keeps a
    client from being managed.
    """
    invitation = next(
        (each for each in draft.invitations.values() if each.invitation_id == command.invitation_id), None
    )
    if invitation is None:
        raise UnknownInvitation
    expected = command.expected(invitation.kid, invitation.invitation_id, invitation.generation)
    if not hmac.compare_digest(expected.encode(), command.code.encode()):
        raise UnknownInvitation
    if invitation.state != "open":
        raise {"accepted": InvitationUsed, "withdrawn": InvitationWithdrawn, "expired": InvitationExpired}[
            invitation.state
        ]
    if draft.users[invitation.user_id].state != "invited":
        raise InvitationUsed
    must_be_open(draft.before)
    if any(each.sub == command.actor.sub for each in draft.users.values()) or command.actor.sub in draft.before.staff:
        raise AlreadyAUser
    user = replace(draft.users[invitation.user_id], sub=command.actor.sub, state="active", logged_in_at=draft.now)
    draft.users[user.user_id] = user
    draft.invitations[user.user_id] = replace(invitation, state="accepted")
    draft.say(UserAcceptedV1(**draft.scope, **facts_of(user)))


def facts_of(user: Member) -> dict[str, object]:
    """A user as its events carry it, whole."""
    return {
        "user_id": user.user_id,
        "sub": user.sub,
        "name": user.name,
        "email": user.email,
        "locale": user.locale,
        "state": user.state,
    }


def _may_invite(held: Rights, wishes: tuple[Wish, ...]) -> None:
    if held.system:
        return
    if not held.programs or not any(each.level != "none" and held.may_set(each.cell) is None for each in wishes):
        raise UserAdminRequired


def must_be_new(draft: Draft, email: str) -> None:
    """Raises UserExists where a user of the client's own has the address."""
    if any(
        user.email.casefold() == email.casefold() and user.state != "removed" and user.kind == "client"
        for user in draft.users.values()
    ):
        raise UserExists([Pointed("/email", UserExists.code)])


def _open_or_expired(draft: Draft, actor: Actor, user_id: UUID) -> Invitation:
    """The user's invitation, for a system administrator or for whoever invited."""
    client = managed(draft.client(), actor)
    invitation = draft.invitations.get(user_id)
    if user_id not in draft.users:
        raise UnknownUser
    held = rights(client, actor, draft.now)
    if not held.system and not (held.programs and invitation is not None and invitation.invited_by.sub == actor.sub):
        raise UserAdminRequired if not held.programs else SystemAdminRequired
    waits = invitation is not None and invitation.state in ("open", "expired")
    if invitation is None or not waits or draft.users[user_id].state != "invited":
        raise InvitationNotOpen
    return invitation


def invitation_facts(user: Member, invitation: Invitation) -> dict[str, object]:
    """An invitation as its events carry it."""
    return {
        "user_id": user.user_id,
        "invitation_id": invitation.invitation_id,
        "generation": invitation.generation,
        "mailing": invitation.mailing,
        "kid": invitation.kid,
        "name": user.name,
        "email": user.email,
        "locale": user.locale,
        "invited_by": invitation.invited_by,
        "expires_at": invitation.expires_at,
    }
