"""The catalogue: every event type with its model, topic, key, producer and consumers. The services route by it."""

from schemas.activation import (
    ActivationActivatedV1,
    ActivationCancellationRefusedV1,
    ActivationCancelledV1,
    ActivationConfiguredV1,
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
    ConsultantRemovalRequestedV1,
    ConsultantRemovedV1,
)
from schemas.client import (
    ClientCancellationRequestedV1,
    ClientCreatedV1,
    ClientErasedV1,
    ClientLicencesChangeRequestedV1,
    ClientSnapshotV1,
    ClientUpdatedV1,
)
from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Catalogue, EventData, EventType
from schemas.grants import GrantsChangedV1
from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1, HandoverCompletedV1
from schemas.licences import LicencesChangedV1, LicencesChangeRefusedV1, LicencesLowV1, LicencesOverAssignedV1
from schemas.notification import EmailFailedV1, EmailSentV1, EmailUnknownV1, NotificationRaisedV1
from schemas.onboarding import (
    OnboardingAcceptedV1,
    OnboardingActivatedV1,
    OnboardingCancellationRequestedV1,
    OnboardingCancelledV1,
    OnboardingConfiguredV1,
    OnboardingLicencesChangedV1,
    OnboardingLicencesChangeRequestedV1,
    OnboardingListedV1,
    OnboardingRejectedV1,
    OnboardingRequestedV1,
)
from schemas.topics import REQUESTS, RESULTS, TOPICS, Topic, requests_topic, results_topic
from schemas.users import InvitationChangedV1, UserAcceptedV1, UserChangedV1, UserInvitedV1, UserRemovedV1

__all__ = ["CATALOGUE", "TOPICS", "Topic", "requests_topic", "results_topic"]


def _request(name: str, model: type[EventData]) -> EventType:
    """A source's request. Its key is the sender's choice; we recommend `external_ref`, as our own demo does."""
    return EventType(name, model, REQUESTS, "external_ref", "source", ("onboarding",), versioned=False)


def _result(name: str, model: type[EventData]) -> EventType:
    return EventType(name, model, RESULTS, "request_id", "onboarding", ("source", "insights"), versioned=False)


def _agency(name: str, model: type[EventData], *, snapshot: bool = False) -> EventType:
    return EventType(
        name, model, "agency-events", "agency", "onboarding", ("activation", "notifier"), snapshot=snapshot
    )


def _client(name: str, model: type[EventData], *, snapshot: bool = False) -> EventType:
    consumers = ("activation", "notifier", "insights")
    return EventType(name, model, "client-events", "client_id", "onboarding", consumers, snapshot=snapshot)


def _activation(name: str, model: type[EventData], *, key: str = "client_id", snapshot: bool = False) -> EventType:
    consumers = ("notifier", "onboarding", "insights")
    return EventType(name, model, "activation-events", key, "activation", consumers, snapshot=snapshot)


def _notification(name: str, model: type[EventData], counted_by: str = "template") -> EventType:
    """The notifier reads them too: set back to a backup, it learns from them which mails have gone out."""
    readers = ("insights", "notifier")
    return EventType(
        name, model, "notification-events", "client_id", "notifier", readers, versioned=False, counted_by=counted_by
    )


CATALOGUE = Catalogue(
    [
        _request("onboarding.requested", OnboardingRequestedV1),
        _request("onboarding.cancellation_requested", OnboardingCancellationRequestedV1),
        _request("onboarding.licences_change_requested", OnboardingLicencesChangeRequestedV1),
        _result("onboarding.accepted", OnboardingAcceptedV1),
        _result("onboarding.rejected", OnboardingRejectedV1),
        _result("onboarding.listed", OnboardingListedV1),
        _result("onboarding.activated", OnboardingActivatedV1),
        _result("onboarding.configured", OnboardingConfiguredV1),
        _result("onboarding.cancelled", OnboardingCancelledV1),
        _result("onboarding.licences_changed", OnboardingLicencesChangedV1),
        _agency("agency.registered", AgencyRegisteredV1),
        _agency("agency.changed", AgencyChangedV1),
        _agency("consultant.registered", ConsultantRegisteredV1),
        _agency("consultant.changed", ConsultantChangedV1),
        _agency("consultant.removal_requested", ConsultantRemovalRequestedV1),
        _agency("consultant.removed", ConsultantRemovedV1),
        _agency("agency.snapshot", AgencySnapshotV1, snapshot=True),
        _client("client.created", ClientCreatedV1),
        _client("client.updated", ClientUpdatedV1),
        _client("client.cancellation_requested", ClientCancellationRequestedV1),
        _client("client.licences_change_requested", ClientLicencesChangeRequestedV1),
        _client("client.erased", ClientErasedV1),
        _client("client.snapshot", ClientSnapshotV1, snapshot=True),
        _activation("activation.listed", ActivationListedV1),
        _activation("activation.activated", ActivationActivatedV1),
        _activation("activation.configured", ActivationConfiguredV1),
        _activation("activation.cancelled", ActivationCancelledV1),
        _activation("activation.cancellation_refused", ActivationCancellationRefusedV1),
        _activation("activation.reassigned", ActivationReassignedV1),
        _activation("activation.reminder_due", ActivationReminderDueV1),
        _activation("consultants.changed", ConsultantsChangedV1),
        _activation("licences.changed", LicencesChangedV1),
        _activation("licences.change_refused", LicencesChangeRefusedV1),
        _activation("licences.low", LicencesLowV1),
        _activation("licences.over_assigned", LicencesOverAssignedV1),
        _activation("user.invited", UserInvitedV1),
        _activation("user.accepted", UserAcceptedV1),
        _activation("user.changed", UserChangedV1),
        _activation("user.removed", UserRemovedV1),
        _activation("invitation.changed", InvitationChangedV1),
        _activation("grants.changed", GrantsChangedV1),
        _activation("handover.completed", HandoverCompletedV1),
        _activation("disconnection.requested", DisconnectionRequestedV1),
        _activation("disconnection.approved", DisconnectionApprovedV1),
        _activation("disconnection.withdrawn", DisconnectionWithdrawnV1),
        _activation("disconnection.expired", DisconnectionExpiredV1),
        _activation("consultant.released", ConsultantReleasedV1, key="agency"),
        _activation("consultant.release_refused", ConsultantReleaseRefusedV1, key="agency"),
        _activation("activation.snapshot", ActivationSnapshotV1, snapshot=True),
        _notification("email.sent", EmailSentV1),
        _notification("email.failed", EmailFailedV1),
        _notification("email.unknown", EmailUnknownV1),
        _notification("notification.raised", NotificationRaisedV1, counted_by="kind"),
    ]
)
"""Every type of DESIGN §1, topic by topic."""
