"""The bells of parting: a client that leaves its agency, and a consultant who cannot leave it yet."""

from datetime import datetime

from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Decision, Envelope
from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1
from services.notifier.domain.bell import Handled
from services.notifier.domain.client_bells import News, tell
from services.notifier.domain.kinds import Kind
from services.notifier.domain.news import ClientNews
from services.notifier.domain.ringing import Ring, Told, handle, ring, who_works_there

Ended = DisconnectionApprovedV1 | DisconnectionExpiredV1 | DisconnectionWithdrawnV1


def disconnection_requested(
    news: News, event: Envelope[DisconnectionRequestedV1], now: datetime
) -> Decision[ClientNews]:
    """Whoever works at the client hears that it is to leave. They are remembered: at the end nobody is linked."""
    assert news is not None  # load answers every key
    data, told = event.data, who_works_there(news)
    facts = {"disconnection_id": str(data.disconnection_id), "staff": sorted(told[1])}
    who = {"about": data.by.name, "about_sub": data.by.sub, "doer": data.by.sub}
    return tell(news, event, now, "disconnection_requested", _cause(data), told, facts=facts, **who)


def disconnection_approved(news: News, event: Envelope[DisconnectionApprovedV1], now: datetime) -> Decision[ClientNews]:
    """It has left; all that was open of it is settled by that."""
    assert news is not None  # load answers every key
    by, told = event.data.by, _those_who_knew(news, event.data)
    news = handle(news, Handled("disconnected", by.name, event.time, by.sub))
    return _ended(news, event, now, "disconnection_approved", told)


def disconnection_withdrawn(
    news: News, event: Envelope[DisconnectionWithdrawnV1], now: datetime
) -> Decision[ClientNews]:
    """It stays after all."""
    assert news is not None  # load answers every key
    by, told = event.data.by, _those_who_knew(news, event.data)
    news = handle(news, Handled("withdrawn", by.name, event.time, by.sub), "disconnection_requested")
    return _ended(news, event, now, "disconnection_withdrawn", told)


def disconnection_expired(news: News, event: Envelope[DisconnectionExpiredV1], now: datetime) -> Decision[ClientNews]:
    """Nobody approved in time. `by` is the one who asked, and who hears of it too."""
    assert news is not None  # load answers every key
    _, subs = _those_who_knew(news, event.data)
    news = handle(news, Handled("expired", None, event.time), "disconnection_requested")
    return tell(news, event, now, "disconnection_expired", _cause(event.data), ("user", {*subs, event.data.by.sub}))


def release_refused(news: News, event: Envelope[ConsultantReleaseRefusedV1], now: datetime) -> Decision[ClientNews]:
    """A consultant cannot leave yet: the agency's administrators have to hand over or appoint somebody first."""
    assert news is not None  # load answers every key
    data = event.data
    wanted = Ring(
        "release_refused",
        str(data.request_id),
        ("agency_admins", news.staff.agency_admins),
        facts={"sub": data.sub, "clients": len(data.clients)},
        about=news.staff.names.get(data.sub),
        about_sub=data.sub,
    )
    return ring(news, wanted, event.correlationid, now)


def released(news: News, event: Envelope[ConsultantReleasedV1], _now: datetime) -> Decision[ClientNews]:
    """Nothing holds them any more."""
    assert news is not None  # load answers every key
    return Decision(handle(news, Handled("released", None, event.time), "release_refused", sub=event.data.sub))


def _ended(news: ClientNews, event: Envelope[Ended], now: datetime, kind: Kind, told: Told) -> Decision[ClientNews]:
    by = event.data.by
    return tell(news, event, now, kind, _cause(event.data), told, about=by.name, about_sub=by.sub, doer=by.sub)


def _those_who_knew(news: ClientNews, data: Ended) -> Told:
    """Those who were told of the wish, and whoever works there still."""
    audience, there = who_works_there(news)
    asked = [each for each in news.bells if each.facts.get("disconnection_id") == str(data.disconnection_id)]
    knew = {sub for each in asked for sub in each.facts["staff"]} - news.staff.former
    if not knew:
        return audience, there
    return "user", {*knew, *(there if audience == "user" else ())}


def _cause(data: DisconnectionRequestedV1 | Ended) -> str:
    return f"{data.disconnection_id}:{data.generation}"
