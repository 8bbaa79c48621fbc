"""The bells of a client beside that of its listing: what rings them, and what becomes of what they told."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from schemas.activation import (
    ActivationActivatedV1,
    ActivationCancellationRefusedV1,
    ActivationCancelledV1,
    ActivationReassignedV1,
    ActivationReminderDueV1,
    ClientScoped,
)
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.envelope import Decision, Envelope
from schemas.handover import HandoverCompletedV1
from schemas.licences import LicencesChangedV1, LicencesLowV1, LicencesOverAssignedV1
from schemas.users import InvitationChangedV1, UserAcceptedV1, UserRemovedV1
from schemas.values import LicenceRow
from services.notifier.domain.bell import Handled
from services.notifier.domain.kinds import Kind
from services.notifier.domain.news import ClientNews, cancelled_by
from services.notifier.domain.ringing import (
    Ring,
    Told,
    handle,
    people_of,
    ring,
    who_answers,
    who_goes_on,
    who_works_there,
)

News = ClientNews | None


def tell(
    news: ClientNews, event: Envelope[Any], now: datetime, kind: Kind, cause_id: object, told: Told, **more: Any
) -> Decision[ClientNews]:
    """Rings for a client's event."""
    data: ClientScoped = event.data
    wanted = Ring(kind, str(cause_id), told, client_name=data.client_name, test=data.test, **more)
    return ring(news, wanted, event.correlationid, now)


def reminder_due(news: News, event: Envelope[ActivationReminderDueV1], now: datetime) -> Decision[ClientNews]:
    """It waits still: whoever goes on with it hears of it, once a day at most."""
    assert news is not None  # load answers every key
    facts = {"since": event.data.pending_since.isoformat()}
    return tell(news, event, now, "reminder_due", event.data.day, who_goes_on(news), facts=facts)


def activated(news: News, event: Envelope[ActivationActivatedV1], _now: datetime) -> Decision[ClientNews]:
    """Nobody has to be reminded any more."""
    assert news is not None  # load answers every key
    by = event.data.activated_by
    return Decision(handle(news, Handled("activated", by.name, event.data.activated_at, by.sub), "reminder_due"))


def cancelled(news: News, event: Envelope[ActivationCancelledV1], _now: datetime) -> Decision[ClientNews]:
    """All that was open of the client is settled by that."""
    assert news is not None  # load answers every key
    handled = cancelled_by(event.data.cancelled_by, event.data.cancelled_at)
    return Decision(handle(handle(news, handled), handled, "cancellation_refused"))


def cancellation_refused(
    news: News, event: Envelope[ActivationCancellationRefusedV1], now: datetime
) -> Decision[ClientNews]:
    """What somebody asked for will not happen."""
    assert news is not None  # load answers every key
    facts = {"code": event.data.code}
    return tell(news, event, now, "cancellation_refused", event.data.request_id, who_answers(news), facts=facts)


def reassigned(news: News, event: Envelope[ActivationReassignedV1], now: datetime) -> Decision[ClientNews]:
    """Whoever answers for the client now hears of it from another; to the one before it says that it went on. Of a
    hand-over they hear once, as of that: `handover` cannot be turned off, `reassigned` can."""
    assert news is not None  # load answers every key
    by, sub = event.data.by, event.data.responsible_consultant
    news = handle(news, Handled("given_on", by.name, event.time, by.sub), "reassigned")
    if sub is None or event.data.handover_id is not None:
        return Decision(news)
    return tell(
        news,
        event,
        now,
        "reassigned",
        event.id,
        ("responsible", (sub,)),
        about=by.name,
        about_sub=by.sub,
        doer=by.sub,
    )


def handed_over(news: News, event: Envelope[HandoverCompletedV1], now: datetime) -> Decision[ClientNews]:
    """The client is with a colleague now, who hears of it."""
    assert news is not None  # load answers every key
    data = event.data
    who = {"about": data.from_.name, "about_sub": data.from_.sub}
    return tell(news, event, now, "handover", data.handover_id, ("user", (data.to.sub,)), **who)


def licences_low(news: News, event: Envelope[LicencesLowV1], now: datetime) -> Decision[ClientNews]:
    """Few licences of a program are left: the client's administrators can order more."""
    assert news is not None  # load answers every key
    data = event.data
    facts = {"program": data.program, "available": data.available, "threshold": data.threshold}
    told = _administrators(news, data.administrators)
    return tell(news, event, now, "licences_low", f"{data.program}:{event.id}", told, facts=facts)


def over_assigned(news: News, event: Envelope[LicencesOverAssignedV1], now: datetime) -> Decision[ClientNews]:
    """More licences are in use than bought: once for each grace."""
    assert news is not None  # load answers every key
    data = event.data
    facts = {"program": data.program, "over": data.assigned + data.reserved - data.purchased}
    told = _administrators(news, [each.sub for each in data.administrators])
    cause_id = f"{data.program}:{data.grace_until.isoformat()}"
    return tell(news, event, now, "over_assigned", cause_id, told, facts=facts)


def licences_changed(news: News, event: Envelope[LicencesChangedV1], _now: datetime) -> Decision[ClientNews]:
    """There may be enough again."""
    assert news is not None  # load answers every key
    return Decision(_enough(news, event.data.licences, event.time))


def invitation_changed(news: News, event: Envelope[InvitationChangedV1], now: datetime) -> Decision[ClientNews]:
    """One that ran out rings for whoever invited; what is done about it changes the text."""
    assert news is not None  # load answers every key
    data = event.data
    user = {"user_id": str(data.user_id)}
    if data.state != "expired":
        how = Handled("withdrawn" if data.state == "withdrawn" else "sent_again", None, event.time)
        return Decision(handle(news, how, "invitation_expired", **user))
    inviter = data.invited_by.sub
    known = inviter in news.staff.names or any(sub == inviter for _, sub in news.people)
    told: Told = ("user", (inviter,)) if known and inviter not in news.staff.former else who_works_there(news)
    cause_id = f"{data.invitation_id}:{data.mailing}"
    return tell(news, event, now, "invitation_expired", cause_id, told, facts=user, about=data.name)


def accepted(news: News, event: Envelope[UserAcceptedV1], _now: datetime) -> Decision[ClientNews]:
    """Whoever was invited has come in."""
    assert news is not None  # load answers every key
    data = event.data
    how = Handled("accepted", data.name, event.time, data.sub)
    return Decision(handle(news, how, "invitation_expired", user_id=str(data.user_id)))


def user_removed(news: News, event: Envelope[UserRemovedV1], _now: datetime) -> Decision[ClientNews]:
    """What rang for them at this client goes with them."""
    assert news is not None  # load answers every key
    data = event.data
    return Decision(replace(news, removed=news.removed | {(data.user_id, data.sub or "")}))


def caught_up(news: News, event: Envelope[ActivationSnapshotV1], _now: datetime) -> Decision[ClientNews]:
    """What a snapshot says became of what was open."""
    assert news is not None  # load answers every key
    state = event.data
    if state.cancelled_at is not None:
        return Decision(handle(news, cancelled_by(state.cancelled_by, state.cancelled_at)))
    if state.status == "disconnected":
        return Decision(handle(news, Handled("disconnected", None, event.time)))
    if state.activated_at is not None:
        by = state.activated_by
        how = Handled("activated", by.name if by else None, state.activated_at, by.sub if by else None)
        news = handle(news, how, "reminder_due")
    return Decision(_enough(news, state.licences, event.time))


def _administrators(news: ClientNews, subs: Collection[str]) -> Told:
    there = [sub for sub in subs if sub not in news.staff.former]
    return ("user", {*there, *people_of(news, "responsible")}) if there else who_works_there(news)


def _enough(news: ClientNews, licences: Iterable[LicenceRow], at: datetime) -> ClientNews:
    free = {each.program: each.purchased - each.assigned - each.reserved for each in licences}
    for bell in news.bells:
        if bell.kind not in ("licences_low", "over_assigned"):
            continue
        least = bell.facts.get("threshold", -1) + 1
        if free.get(bell.facts["program"], -1) >= least:
            news = handle(news, Handled("enough_again", None, at), bell.kind, program=bell.facts["program"])
    return news
