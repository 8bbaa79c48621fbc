"""Mails of invitations: each mailing of one that is open, once; never one that was taken back, ran out or was used."""

from dataclasses import replace
from typing import Any

from schemas.activation import ActivationCancelledV1
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.disconnection import DisconnectionApprovedV1
from schemas.envelope import Envelope
from schemas.users import Invitation, InvitationChangedV1, UserAcceptedV1, UserChangedV1, UserInvitedV1, UserRemovedV1
from services.notifier.domain.draft import Draft
from services.notifier.domain.mailing import draft_of, overtake, queued
from services.notifier.domain.news import ClientNews
from services.notifier.domain.overtaking import Overtaken


def invited(news: ClientNews, event: Envelope[UserInvitedV1]) -> ClientNews:
    """The first mail of an invitation."""
    return queued(news, [_draft(event, event.data)])


def invitation_changed(news: ClientNews, event: Envelope[InvitationChangedV1]) -> ClientNews:
    """Whatever changed, the codes that were mailed before are dead; sent again and readdressed there is a new mail."""
    news = overtake(news, Overtaken("invitation", str(event.data.user_id)))
    if event.data.state in ("resent", "readdressed"):
        return queued(news, [_draft(event, event.data)])
    return news


def user_came_or_changed(news: ClientNews, event: Envelope[UserAcceptedV1 | UserChangedV1]) -> ClientNews:
    """Who is not invited any more needs no invitation."""
    user = event.data
    return news if user.state == "invited" else overtake(news, Overtaken("invitation", str(user.user_id)))


def client_closed(news: ClientNews, _event: Envelope[ActivationCancelledV1 | DisconnectionApprovedV1]) -> ClientNews:
    """Nobody can come in to a client that was cancelled or has left the agency."""
    return overtake(news, Overtaken("invitation"))


def user_left(news: ClientNews, event: Envelope[UserRemovedV1]) -> ClientNews:
    """Nothing goes to somebody who is no user any more, and of what went to them text and address are forgotten."""
    user = event.data
    readers = {str(user.user_id)}
    if user.sub is not None and not any(sub == user.sub for relation, sub in news.people if relation != "user"):
        readers.add(user.sub)  # not one of the agency's people, who stays with the agency
    drafts = tuple(each for each in news.drafts if each.reader not in readers)
    return replace(news, drafts=drafts, forgotten=news.forgotten | readers)


def announced(news: ClientNews, event: Envelope[ActivationSnapshotV1]) -> ClientNews:
    """Open invitations whose mail was lost on the way are mailed; those that are open no more are called back."""
    state = event.data
    open_ = [each for each in state.invitations if state.status not in ("cancelled", "disconnected")]
    drafts = [_draft(event, each) for each in open_]
    news = overtake(news, Overtaken("invitation", but=frozenset(each.cause_id for each in drafts)))
    return queued(news, drafts)


def _draft(event: Envelope[Any], invitation: Invitation) -> Draft:
    facts = {
        "name": invitation.name,
        "by": invitation.invited_by.model_dump(),
        "invitation_id": str(invitation.invitation_id),
        "generation": invitation.generation,
        "kid": invitation.kid,
        "expires_at": invitation.expires_at.isoformat(),
    }
    cause = f"{invitation.invitation_id}/{invitation.mailing}"
    user = str(invitation.user_id)
    return draft_of(event, "invitation", cause, facts, invitation.email, invitation.locale, user)
