"""What the notifier does for each event and command."""

from typing import Any
from uuid import UUID

from chassis.handling import Handler, Subscription
from schemas.activation import ActivationActivatedV1, ActivationCancelledV1, ActivationListedV1
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
from schemas.envelope import Envelope
from schemas.notification import EmailFailedV1, EmailSentV1, EmailUnknownV1
from services.notifier.domain.agency import agency_told, consultant_removed, consultant_told
from services.notifier.domain.draft import Resend, resend
from services.notifier.domain.erasing import erase
from services.notifier.domain.news import ClientKey, activated, announced, cancelled, listed
from services.notifier.domain.recalling import email_id, recall
from services.notifier.domain.renewing import renew
from services.notifier.store import agencies, emails, erasure, news, recalled


def client_key(event: Envelope[Any]) -> ClientKey:
    """Every event that is handled for a client names its agency."""
    return ClientKey(event.data.agency, event.data.client_id)


CLIENTS = Handler(
    load=news.load,
    decide={
        ActivationListedV1: listed,
        ActivationActivatedV1: activated,
        ActivationCancelledV1: cancelled,
        ActivationSnapshotV1: announced,
    },
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
