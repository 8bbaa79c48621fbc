"""What the notifier does for each event and command."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.handling import Handler, Subscription
from schemas.activation import (
    ActivationActivatedV1,
    ActivationCancelledV1,
    ActivationListedV1,
    ActivationReassignedV1,
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
from schemas.envelope import Decision, Envelope
from schemas.notification import EmailFailedV1, EmailSentV1, EmailUnknownV1
from schemas.users import UserAcceptedV1, UserChangedV1, UserRemovedV1
from services.notifier.domain.agency import agency_told, consultant_removed, consultant_told
from services.notifier.domain.erasing import erase
from services.notifier.domain.mailing_of_events import with_mails
from services.notifier.domain.news import ClientKey, ClientNews, activated, announced, cancelled, listed
from services.notifier.domain.people import activating, consultants_changed, reassigned, told, user_told
from services.notifier.domain.recalling import email_id, recall
from services.notifier.domain.renewing import renew
from services.notifier.domain.resending import Resend, resend
from services.notifier.store import agencies, emails, erasure, news, recalled


def client_key(event: Envelope[Any]) -> ClientKey:
    """Every event that is handled for a client names its agency."""
    return ClientKey(event.data.agency, event.data.client_id)


def with_people(decide: Callable[..., Decision[ClientNews]], tell: Callable[..., ClientNews]) -> Any:
    """Both what an event is news of, and what it says of people."""

    def both(news: ClientNews | None, event: Envelope[Any], now: datetime) -> Decision[ClientNews]:
        decision = decide(news, event, now)
        return replace(decision, state=tell(decision.state, event.data))

    return both


CLIENTS = Handler(
    load=news.load,
    decide=with_mails(
        {
            ActivationListedV1: with_people(listed, told),
            ActivationActivatedV1: with_people(activated, activating),
            ActivationReassignedV1: reassigned,
            ConsultantsChangedV1: consultants_changed,
            UserAcceptedV1: user_told,
            UserChangedV1: user_told,
            UserRemovedV1: user_told,
            ActivationCancelledV1: cancelled,
            ActivationSnapshotV1: with_people(announced, told),
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
    decide={EmailSentV1: recall, EmailFailedV1: recall, EmailUnknownV1: recall},
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
