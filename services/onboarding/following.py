"""What onboarding hears of activation: how far clients have come, and whether consultants may go."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.handling import Change, Handler
from chassis.unit_of_work import UnitOfWork
from schemas.activation import (
    ActivationActivatedV1,
    ActivationCancellationRefusedV1,
    ActivationCancelledV1,
    ActivationConfiguredV1,
    ActivationListedV1,
    ActivationReassignedV1,
    ConsultantsChangedV1,
)
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1
from schemas.licences import LicencesChangedV1, LicencesChangeRefusedV1
from schemas.users import UserAcceptedV1, UserChangedV1, UserRemovedV1
from services.onboarding.domain.linking import follow_consultants, follow_user
from services.onboarding.domain.progress import (
    follow_activated,
    follow_cancellation_refused,
    follow_cancelled,
    follow_configured,
    follow_disconnection_approved,
    follow_disconnection_dropped,
    follow_disconnection_requested,
    follow_licences_change_refused,
    follow_licences_changed,
    follow_listed,
    follow_reassigned,
    follow_snapshot,
    unless_erased,
)
from services.onboarding.domain.removal import follow_release_refused, follow_released
from services.onboarding.store import agencies, progress

Key = UUID | str
"""A client's id, or an agency's."""

OF_CLIENTS: dict[type[Any], Any] = {
    ActivationListedV1: follow_listed,
    ActivationActivatedV1: follow_activated,
    ActivationConfiguredV1: follow_configured,
    ActivationReassignedV1: follow_reassigned,
    ActivationCancelledV1: follow_cancelled,
    ActivationCancellationRefusedV1: follow_cancellation_refused,
    LicencesChangedV1: follow_licences_changed,
    LicencesChangeRefusedV1: follow_licences_change_refused,
    DisconnectionRequestedV1: follow_disconnection_requested,
    DisconnectionApprovedV1: follow_disconnection_approved,
    DisconnectionWithdrawnV1: follow_disconnection_dropped,
    DisconnectionExpiredV1: follow_disconnection_dropped,
    ConsultantsChangedV1: follow_consultants,
    UserAcceptedV1: follow_user,
    UserChangedV1: follow_user,
    UserRemovedV1: follow_user,
    ActivationSnapshotV1: follow_snapshot,
}
OF_AGENCIES: dict[type[Any], Any] = {
    ConsultantReleasedV1: follow_released,
    ConsultantReleaseRefusedV1: follow_release_refused,
}


async def load(uow: UnitOfWork, keys: Sequence[Key]) -> dict[Key, Any]:
    """The clients and agencies that exist, locked."""
    found: dict[Any, Any] = {}
    if of_agencies := [key for key in keys if isinstance(key, str)]:
        found.update(await agencies.load(uow, of_agencies))
    if of_clients := [key for key in keys if isinstance(key, UUID)]:
        found.update(await progress.load(uow, of_clients))
    return found


async def save(uow: UnitOfWork, changes: Sequence[Change[Any, Any]]) -> None:
    """Stores each kind as it is stored elsewhere."""
    if of_agencies := [change for change in changes if isinstance(change.key, str)]:
        await agencies.save(uow, of_agencies)
    if of_clients := [change for change in changes if isinstance(change.key, UUID)]:
        await progress.save(uow, of_clients)


FOLLOWED: Handler[Key, Any] = Handler(
    load=load,
    decide={**{kind: unless_erased(follow) for kind, follow in OF_CLIENTS.items()}, **OF_AGENCIES},
    save=save,
    key=lambda event: event.data.agency if type(event.data) in OF_AGENCIES else event.data.client_id,
)
