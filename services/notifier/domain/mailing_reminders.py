"""Mails that remind staff of a client who waits: to whoever answers for it, else made it, else all client managers."""

from schemas.activation import ActivationActivatedV1, ActivationCancelledV1, ActivationReminderDueV1
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.envelope import Envelope
from services.notifier.domain.mailing import draft_of, noticed, overtake
from services.notifier.domain.news import ClientNews
from services.notifier.domain.notices import Notice
from services.notifier.domain.overtaking import Overtaken


def reminder_due(news: ClientNews, event: Envelope[ActivationReminderDueV1]) -> ClientNews:
    """One a day; that of an earlier day which has not left yet counts the days wrong."""
    due = event.data
    facts = {"pending_since": due.pending_since.isoformat(), "day": due.day.isoformat()}
    cause = f"{due.client_id}/{due.day.isoformat()}"
    asked = [
        ("responsible", due.responsible_consultant),
        ("creator", due.created_by.sub if due.created_by else None),
    ]
    known = [(why, sub) for why, sub in asked if sub is not None]
    draft = draft_of(event, "reminder", cause, facts)
    notice = Notice(draft, tuple(sub for _, sub in known), tuple(why for why, _ in known), else_client_managers=True)
    return noticed(overtake(news, Overtaken("reminder", but=frozenset({cause}))), notice)


def waits_no_more(news: ClientNews, _event: Envelope[ActivationActivatedV1 | ActivationCancelledV1]) -> ClientNews:
    """Nobody has to be reminded of a client that was activated or cancelled."""
    return overtake(news, Overtaken("reminder"))


def announced(news: ClientNews, event: Envelope[ActivationSnapshotV1]) -> ClientNews:
    """As `waits_no_more`, where the snapshot is the first to say so. A lost reminder is followed by the next day's."""
    return news if event.data.status == "pending" else overtake(news, Overtaken("reminder"))
