"""Licence events: how many a client has, who asked for another number, when they run low. Key: the client."""

from uuid import UUID

from pydantic import AwareDatetime

from schemas.activation import ClientScoped
from schemas.values import Code, Count, LicenceRow, Pointer, Recipient, ScheduledChange, Sub


class LicencesChangedV1(ClientScoped):
    """A client's licences and scheduled reductions, whole. `request_id` where onboarding asked for the change."""

    request_id: UUID | None = None
    program_access: bool
    licences: list[LicenceRow]
    scheduled: list[ScheduledChange]


class LicencesChangeRefusedV1(ClientScoped):
    """The change of licences that onboarding asked for was refused; where too many are in use, how many are."""

    request_id: UUID
    code: Code
    errors: list[Pointer]
    assigned: Count | None = None
    reserved: Count | None = None


class LicencesLowV1(ClientScoped):
    """Few licences of a program are left: `available` has come down to `threshold`."""

    program: Code
    available: Count
    threshold: Count
    administrators: list[Sub]


class LicencesOverAssignedV1(LicenceRow, ClientScoped):
    """More licences are in use than the client now has; new assignments are blocked, present access is kept."""

    grace_until: AwareDatetime
    administrators: list[Recipient]
