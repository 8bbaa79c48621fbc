"""What the notifier does for each event and command."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.handling import Handler, Subscription
from schemas.activation import (
    ActivationActivatedV1,
    ActivationCancellationRefusedV1,
    ActivationCancelledV1,
    ActivationListedV1,
    ActivationReassignedV1,
    ActivationReminderDueV1,
    ConsultantsChangedV1,
)
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.agency import (
    AgencyChangedV1,
    AgencyRegisteredV1,
    AgencySnapshotV1,
    ConsultantChangedV1,
    ConsultantRegisteredV1,
    ConsultantRemovedV1,
)
from schemas.client import ClientErasedV1, ClientSnapshotV1, ClientUpdatedV1
from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Decision, Envelope, Say
from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1, HandoverCompletedV1
from schemas.licences import LicencesChangedV1, LicencesLowV1, LicencesOverAssignedV1
from schemas.notification import EmailFailedV1, EmailSentV1, EmailUnknownV1
from schemas.users import InvitationChangedV1, UserAcceptedV1, UserChangedV1, UserRemovedV1
from services.notifier.domain import client_bells, parting_bells
from services.notifier.domain.agency import agency_told, consultant_removed, consultant_told
from services.notifier.domain.erasing import erase
from services.notifier.domain.mailing_of_events import with_mails
from services.notifier.domain.news import ClientKey, ClientNews, activated, announced, cancelled, listed
from services.notifier.domain.people import activating, consultants_changed, reassigned, told, user_told
from services.notifier.domain.recalling import email_id, failed, sent, unknown
from services.notifier.domain.renewing import renew
from services.notifier.domain.resending import Resend, resend
from services.notifier.store import agencies, emails, erasure, news, recalled


def client_key(event: Envelope[Any]) -> ClientKey:
    """Every event that is handled names its agency; those that are about it alone name no client."""
    return ClientKey(event.data.agency, getattr(event.data, "client_id", None))


def with_people(decide: Callable[..., Decision[ClientNews]], tell: Callable[..., ClientNews]) -> Any:
    """Both what an event is news of, and what it says of people."""

    def both(news: ClientNews | None, event: Envelope[Any], now: datetime) -> Decision[ClientNews]:
        decision = decide(news, event, now)
        return replace(decision, state=tell(decision.state, event.data))

    return both


def each_of(*decides: Callable[..., Decision[ClientNews]]) -> Any:
    """What an event means in several ways, one after the other."""

    def all_of(news: ClientNews | None, event: Envelope[Any], now: datetime) -> Decision[ClientNews]:
        assert news is not None  # load answers every key
        says: tuple[Say, ...] = ()
        for decide in decides:
            decision = decide(news, event, now)
            news, says = decision.state, (*says, *decision.says)
        return Decision(news, says)

    return all_of


CLIENTS = Handler(
    load=news.load,
    decide=with_mails(
        {
            ActivationListedV1: with_people(listed, told),
            ActivationActivatedV1: each_of(with_people(activated, activating), client_bells.activated),
            ActivationReassignedV1: each_of(reassigned, client_bells.reassigned),
            ConsultantsChangedV1: consultants_changed,
            UserAcceptedV1: each_of(user_told, client_bells.accepted),
            UserChangedV1: user_told,
            UserRemovedV1: each_of(user_told, client_bells.user_removed),
            InvitationChangedV1: client_bells.invitation_changed,
            ActivationCancelledV1: each_of(cancelled, client_bells.cancelled),
            ActivationCancellationRefusedV1: client_bells.cancellation_refused,
            ActivationReminderDueV1: client_bells.reminder_due,
            LicencesChangedV1: client_bells.licences_changed,
            LicencesLowV1: client_bells.licences_low,
            LicencesOverAssignedV1: client_bells.over_assigned,
            HandoverCompletedV1: client_bells.handed_over,
            DisconnectionRequestedV1: parting_bells.disconnection_requested,
            DisconnectionApprovedV1: parting_bells.disconnection_approved,
            DisconnectionWithdrawnV1: parting_bells.disconnection_withdrawn,
            DisconnectionExpiredV1: parting_bells.disconnection_expired,
            ConsultantReleaseRefusedV1: parting_bells.release_refused,
            ConsultantReleasedV1: parting_bells.released,
            ActivationSnapshotV1: each_of(with_people(announced, told), client_bells.caught_up),
        }
    ),
    save=news.save,
    key=client_key,
)

AGENCIES = Handler(
    load=agencies.load,
    decide={
        AgencyRegisteredV1: agency_told,
        AgencyChangedV1: agency_told,
        AgencySnapshotV1: agency_told,
        ConsultantRegisteredV1: consultant_told,
        ConsultantChangedV1: consultant_told,
        ConsultantRemovedV1: consultant_removed,
    },
    save=agencies.save,
)

EMAILS = Handler(load=emails.load, decide={Resend: resend}, save=emails.save)

OUTCOMES = Handler(
    load=recalled.load,
    decide={EmailSentV1: sent, EmailFailedV1: failed, EmailUnknownV1: unknown},
    save=recalled.save,
    key=email_id,
)

OF_CLIENTS: Handler[UUID, Any] = Handler(
    load=erasure.load,
    decide={ClientUpdatedV1: renew, ClientErasedV1: erase, ClientSnapshotV1: erase},
    save=erasure.save,
    key=lambda event: event.data.client_id,
)

SUBSCRIPTIONS = (
    Subscription("client-events", OF_CLIENTS, producer="onboarding"),
    Subscription("activation-events", CLIENTS, producer="activation"),
    Subscription("agency-events", AGENCIES, producer="onboarding"),
    Subscription("notification-events", OUTCOMES, producer="notifier"),
)
