"""Mails that ask a client's own administrators whether agency and client shall part, each with a code of its own."""

from typing import Any

from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.disconnection import (
    Disconnection,
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Envelope
from services.notifier.domain.draft import Draft
from services.notifier.domain.mailing import draft_of, overtake, queued
from services.notifier.domain.news import ClientNews
from services.notifier.domain.overtaking import Overtaken

Settled = DisconnectionApprovedV1 | DisconnectionWithdrawnV1 | DisconnectionExpiredV1


def disconnection_requested(news: ClientNews, event: Envelope[DisconnectionRequestedV1]) -> ClientNews:
    """One mail for each administrator of the client's own; a wish before this one is settled."""
    return _mailed(news, _drafts(event, event.data))


def disconnection_settled(news: ClientNews, _event: Envelope[Settled]) -> ClientNews:
    """Nobody has to answer any more."""
    return overtake(news, Overtaken("disconnection"))


def announced(news: ClientNews, event: Envelope[ActivationSnapshotV1]) -> ClientNews:
    """A wish that waits and was lost on the way is mailed; one that waits no more is called back."""
    wish = event.data.disconnection
    drafts = [] if wish is None else _drafts(event, wish)
    return _mailed(news, drafts)


def _mailed(news: ClientNews, drafts: list[Draft]) -> ClientNews:
    news = overtake(news, Overtaken("disconnection", but=frozenset(each.cause_id for each in drafts)))
    return queued(news, drafts)


def _drafts(event: Envelope[Any], wish: Disconnection) -> list[Draft]:
    facts = {
        "by": wish.by.model_dump(),
        "disconnection_id": str(wish.disconnection_id),
        "generation": wish.generation,
        "kid": wish.kid,
        "expires_at": wish.expires_at.isoformat(),
    }
    cause = f"{wish.disconnection_id}/{wish.generation}"
    return [
        draft_of(
            event,
            "disconnection",
            cause,
            {**facts, "name": each.name, "user_id": str(each.user_id)},
            each.email,
            each.locale,
            str(each.user_id),
        )
        for each in wish.administrators
    ]
