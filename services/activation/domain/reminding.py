"""A client that has waited long in the list is reminded of, once a day at most (rule book §7.4)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.activation import ActivationReminderDueV1
from schemas.envelope import Decision
from schemas.values import Person
from services.activation.domain.activation import Activation, said, scope_of

SWEDEN = ZoneInfo("Europe/Stockholm")


def remind(state: Activation, now: datetime) -> Decision[Activation]:
    """Says that the client waits still, for the day it is in Sweden."""
    sub, name = state.created_by_sub, state.created_by_name
    data = ActivationReminderDueV1(
        **scope_of(state),
        pending_since=state.listed_at,
        day=now.astimezone(SWEDEN).date(),
        created_by=Person(sub=sub, name=name) if sub and name else None,
        responsible_consultant=state.responsible_consultant,
    )
    return said(state, data)
