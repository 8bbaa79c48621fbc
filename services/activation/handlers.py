"""What activation does with what it hears and is told: the routing, type to function."""

from uuid import UUID

from chassis.handling import Handler
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
from services.activation.domain.activation import Activation
from services.activation.domain.acts import ACTS, UNSEEN, decide
from services.activation.domain.agency import (
    Agency,
    drop_consultant,
    follow_agency,
    follow_consultant,
    note_removal,
    take_snapshot,
)
from services.activation.domain.arrow import Activate, ConfirmKyc, activate, confirm_kyc
from services.activation.domain.asked_licences import note_asked
from services.activation.domain.cancelling import cancel
from services.activation.domain.client import Client
from services.activation.domain.listing import follow_client, follow_snapshot, forget_client, list_client
from services.activation.store import activations, agencies, clients

ACTIVATIONS: Handler[UUID, Activation] = Handler(
    load=activations.load,
    save=activations.save,
    key=lambda event: event.data.client_id,
    decide={
        ClientCreatedV1: list_client,
        ClientUpdatedV1: follow_client,
        ClientSnapshotV1: follow_snapshot,
        ClientErasedV1: forget_client,
        ClientCancellationRequestedV1: cancel,
        ClientLicencesChangeRequestedV1: note_asked,
    },
    asks=frozenset({ClientCancellationRequestedV1, ClientLicencesChangeRequestedV1}),
)

ARROW: Handler[UUID, Activation] = Handler(
    load=activations.load_for_arrow,
    save=activations.save,
    decide={Activate: activate, ConfirmKyc: confirm_kyc},
)

CLIENTS: Handler[UUID, Client] = Handler(
    load=clients.load,
    save=clients.save,
    decide=dict.fromkeys((*ACTS, *UNSEEN), decide),
)

AGENCIES: Handler[str, Agency] = Handler(
    load=agencies.load,
    save=agencies.save,
    decide={
        AgencyRegisteredV1: follow_agency,
        AgencyChangedV1: follow_agency,
        AgencySnapshotV1: take_snapshot,
        ConsultantRegisteredV1: follow_consultant,
        ConsultantChangedV1: follow_consultant,
        ConsultantRemovalRequestedV1: note_removal,
        ConsultantRemovedV1: drop_consultant,
    },
    asks=frozenset({ConsultantRemovalRequestedV1}),
)
