"""What falls due by itself, in the order of its moments; and what onboarding has told or asked meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from schemas.disconnection import DisconnectionExpiredV1
from schemas.users import UserChangedV1
from services.activation.domain.asked_licences import answer_asked
from services.activation.domain.client import AKTIVERA, Rules
from services.activation.domain.disconnecting import disconnection_facts
from services.activation.domain.draft import Draft
from services.activation.domain.history import Author
from services.activation.domain.inviting import close, facts_of, send
from services.activation.domain.licences import come_due, end_grace
from services.activation.domain.permitting import clear_unfounded
from services.activation.domain.seats import watch_seats


def settle(draft: Draft, rules: Rules) -> None:
    """Brings the client to the present, before anything else is done with it; nothing is said where nothing was due.

    Each moment is said by itself, so that whoever looked between two of them saw a version of its own.
    """
    if draft.activation.forgotten:
        return
    while moment := min((each for each in _moments(draft, rules) if each <= draft.now), default=None):
        _end_grants(draft, moment)
        _end_invitations(draft, moment)
        due = [each for each in draft.reductions.values() if each.effective_at <= moment]
        if due:
            come_due(draft, due, rules, moment)
        _end_graces(draft, rules, moment)
        _end_disconnection(draft, moment)
    _invite_the_named(draft, rules)
    _follow_staff(draft)
    draft.note(Author("due", AKTIVERA.sub, "aktivera"))
    for asked in draft.before.asked:
        refused = answer_asked(draft, asked, rules)
        draft.note(Author("change_licences", asked.by, "onboarding", asked.reason), refused)
    draft.other["asked"] = ()


def next_due(draft: Draft, rules: Rules) -> datetime | None:
    """When something falls due next, as things stand; never at a client that is erased, which is left as it is."""
    return None if draft.activation.forgotten else min(_moments(draft, rules), default=None)


def _moments(draft: Draft, rules: Rules) -> Iterator[datetime]:
    for held in draft.grants.values():
        if held.until is not None:
            yield held.until
    for invitation in draft.invitations.values():
        if invitation.state == "open":
            yield invitation.expires_at
    for reduction in draft.reductions.values():
        yield reduction.effective_at
    if rules.after_grace == "release_newest":
        for licence in draft.licences.values():
            if licence.grace_until is not None:
                yield licence.grace_until
    disconnecting = draft.disconnecting
    if disconnecting is not None:
        yield disconnecting.expires_at


def _end_grants(draft: Draft, moment: datetime) -> None:
    ended = [cell for cell, held in draft.grants.items() if held.until is not None and held.until <= moment]
    for cell in ended:
        draft.grant(cell, None)
    clear_unfounded(draft, {cell.user_id for cell in ended})
    if draft.tell_grants(AKTIVERA):
        watch_seats(draft)


def _end_invitations(draft: Draft, moment: datetime) -> None:
    for invitation in list(draft.invitations.values()):
        if invitation.state == "open" and invitation.expires_at <= moment:
            close(draft, invitation, "expired")
            if draft.users[invitation.user_id].state == "invited":
                _take_seats(draft, invitation.user_id)
    if draft.tell_grants(AKTIVERA):
        watch_seats(draft)


def _take_seats(draft: Draft, user_id: UUID) -> None:
    """Nothing is reserved any more. A role stays: it counts for nothing until somebody comes, by a resend."""
    for cell in draft.cells_of(user_id):
        if cell.kind in ("licence", "permission"):
            draft.grant(cell, None)


def _end_graces(draft: Draft, rules: Rules, moment: datetime) -> None:
    if rules.after_grace != "release_newest":
        return
    for program, licence in list(draft.licences.items()):
        if licence.grace_until is not None and licence.grace_until <= moment:
            end_grace(draft, program)


def _end_disconnection(draft: Draft, moment: datetime) -> None:
    wish = draft.disconnecting
    if wish is not None and wish.expires_at <= moment:
        draft.disconnecting = None
        draft.say(DisconnectionExpiredV1(**draft.scope, **disconnection_facts(draft.client(), wish, wish.by)))


def _follow_staff(draft: Draft) -> None:
    """A consultant's name and address are what the agency last said."""
    for user in list(draft.users.values()):
        known = draft.before.staff.get(user.sub or "") if user.kind == "consultant" and user.state == "active" else None
        if known is not None and (user.name, user.email, user.locale) != (known.name, known.email, known.locale):
            followed = replace(user, name=known.name, email=known.email, locale=known.locale)
            draft.users[user.user_id] = followed
            draft.say(UserChangedV1(**draft.scope, **facts_of(followed)))


def _invite_the_named(draft: Draft, rules: Rules) -> None:
    """Whom upstream named as an administrator to be is invited; the name alone lets nobody in (§7.4)."""
    if draft.activation.status in ("cancelled", "disconnected"):
        return
    for user in list(draft.users.values()):
        if user.state == "invited" and user.user_id not in draft.invitations:
            invitation_id = uuid5(user.user_id, "invitation")
            send(draft, user.user_id, invitation_id, AKTIVERA, rules)
