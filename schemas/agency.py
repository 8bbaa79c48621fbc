"""Agency events: the agency and its consultants, owned by onboarding. Key and aggregate: the agency."""

from typing import Literal
from uuid import UUID

from schemas.envelope import EventData
from schemas.values import Email, Locale, Name, RequestedBy, Role, Slug, Sub, Value


class _Agency(EventData):
    """An agency, whole. `client_visibility`: whether its consultants see all clients or the linked ones."""

    agency: Slug
    name: Name
    locale: Locale
    client_visibility: Literal["all", "linked"]


class AgencyRegisteredV1(_Agency):
    """An agency began to use Aktivera."""


class AgencyChangedV1(_Agency):
    """An agency's name, language or visibility changed."""


class ConsultantData(Value):
    """A consultant, whole."""

    sub: Sub
    name: Name
    email: Email
    locale: Locale
    roles: list[Role]


class AgencySnapshotV1(_Agency):
    """All that is known of an agency, announced for a new reader or after a loss."""

    consultants: list[ConsultantData]


class _Consultant(ConsultantData, EventData):
    """A consultant as the events carry one."""

    agency: Slug


class ConsultantRegisteredV1(_Consultant):
    """A person became consultant of an agency."""


class ConsultantChangedV1(_Consultant):
    """A consultant's name, address, language or roles changed."""


class ConsultantRemovalRequestedV1(EventData):
    """An agency wants a consultant gone; activation answers with consultant.released or consultant.release_refused."""

    agency: Slug
    sub: Sub
    request_id: UUID
    requested_by: RequestedBy


class ConsultantRemovedV1(EventData):
    """A consultant is gone; said only after activation has released them from every client."""

    agency: Slug
    sub: Sub
