"""Who of an agency has to do with a client: made it, answers for it, is linked to it or is its user."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from schemas.activation import (
    ActivationActivatedV1,
    ActivationListedV1,
    ActivationReassignedV1,
    ConsultantsChangedV1,
)
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.envelope import Decision, Envelope
from schemas.users import UserAcceptedV1, UserChangedV1, UserRemovedV1
from services.notifier.domain.news import ClientNews, People

Relation = Literal["creator", "responsible", "linked", "user"]
UserEvent = UserAcceptedV1 | UserChangedV1 | UserRemovedV1


def told(news: ClientNews, data: ActivationListedV1 | ActivationSnapshotV1) -> ClientNews:
    """All that a listing or a snapshot says of people."""
    creator = data.created_by.sub if data.created_by else None
    news = _only(news, "creator", [creator])
    news = _only(news, "responsible", [data.responsible_consultant])
    if isinstance(data, ActivationSnapshotV1):
        news = _only(news, "linked", data.consultants)
        news = _only(news, "user", [each.sub for each in data.users if each.state == "active"])
    return news


def activating(news: ClientNews, data: ActivationActivatedV1) -> ClientNews:
    """Whoever activated the client is its user, where that made them its administrator."""
    return _with(news, "user", data.activated_by.sub) if data.became_system_administrator else news


def reassigned(
    news: ClientNews | None, event: Envelope[ActivationReassignedV1], _now: datetime
) -> Decision[ClientNews]:
    """Another consultant answers for the client."""
    assert news is not None  # load answers every key
    return Decision(_only(news, "responsible", [event.data.responsible_consultant]))


def consultants_changed(
    news: ClientNews | None, event: Envelope[ConsultantsChangedV1], _now: datetime
) -> Decision[ClientNews]:
    """All who are linked, told whole."""
    assert news is not None  # load answers every key
    return Decision(_only(news, "linked", event.data.consultants))


def user_told(news: ClientNews | None, event: Envelope[UserEvent], _now: datetime) -> Decision[ClientNews]:
    """A user came, changed or went; of one who has not come in yet nobody knows as whom."""
    assert news is not None  # load answers every key
    user = event.data
    if user.sub is None:
        return Decision(news)
    if user.state == "active":
        return Decision(_with(news, "user", user.sub))
    return Decision(replace(news, people=news.people - {("user", user.sub)}))


def _with(news: ClientNews, relation: Relation, sub: str) -> ClientNews:
    return replace(news, people=news.people | {(relation, sub)})


def _only(news: ClientNews, relation: Relation, subs: Iterable[str | None]) -> ClientNews:
    others: People = frozenset(each for each in news.people if each[0] != relation)
    return replace(news, people=others | {(relation, sub) for sub in subs if sub is not None})
