"""Which events mean something for mails, and what: read after the event's own decision, on the state that it left."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from schemas.activation import ActivationActivatedV1, ActivationCancelledV1, ActivationReminderDueV1
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Decision, Envelope
from schemas.handover import HandoverCompletedV1
from schemas.licences import LicencesChangedV1, LicencesOverAssignedV1
from schemas.users import InvitationChangedV1, UserAcceptedV1, UserChangedV1, UserInvitedV1, UserRemovedV1
from services.notifier.domain import mailing_disconnections, mailing_invitations, mailing_reminders
from services.notifier.domain.mailing import Mailing
from services.notifier.domain.mailing_disconnections import disconnection_requested, disconnection_settled
from services.notifier.domain.mailing_handovers import handed_over
from services.notifier.domain.mailing_invitations import (
    client_closed,
    invitation_changed,
    invited,
    user_came_or_changed,
    user_left,
)
from services.notifier.domain.mailing_licences import licences_changed, over_assigned
from services.notifier.domain.mailing_reminders import reminder_due, waits_no_more
from services.notifier.domain.news import ClientNews

Decide = Callable[[ClientNews | None, Envelope[Any], datetime], Decision[ClientNews]]

MAILINGS: Mapping[type[Any], tuple[Mailing, ...]] = {
    UserInvitedV1: (invited,),
    InvitationChangedV1: (invitation_changed,),
    UserAcceptedV1: (user_came_or_changed,),
    UserChangedV1: (user_came_or_changed,),
    UserRemovedV1: (user_left,),
    ActivationReminderDueV1: (reminder_due,),
    ActivationActivatedV1: (waits_no_more,),
    ActivationCancelledV1: (waits_no_more, client_closed),
    LicencesOverAssignedV1: (over_assigned,),
    LicencesChangedV1: (licences_changed,),
    HandoverCompletedV1: (handed_over,),
    DisconnectionRequestedV1: (disconnection_requested,),
    DisconnectionApprovedV1: (disconnection_settled, client_closed),
    DisconnectionWithdrawnV1: (disconnection_settled,),
    DisconnectionExpiredV1: (disconnection_settled,),
    ActivationSnapshotV1: (
        mailing_invitations.announced,
        mailing_reminders.announced,
        mailing_disconnections.announced,
    ),
}


def with_mails(decide: Mapping[type[Any], Decide]) -> dict[type[Any], Decide]:
    """The decisions, each followed by what the event means for mails; an erased client is mailed nothing."""
    return {kind: _with(decide.get(kind), MAILINGS.get(kind, ())) for kind in (*decide, *MAILINGS)}


def _with(decide: Decide | None, mailings: tuple[Mailing, ...]) -> Decide:
    def both(news: ClientNews | None, event: Envelope[Any], now: datetime) -> Decision[ClientNews]:
        assert news is not None  # load answers every key
        decision = Decision(news) if decide is None else decide(news, event, now)
        state = decision.state
        for mailing in () if state.erased else mailings:
            state = mailing(state, event)
        return replace(decision, state=state)

    return both
