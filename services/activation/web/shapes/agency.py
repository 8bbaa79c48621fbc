"""Shapes of what the agency does at a client: consultants, hand-over, disconnection, restoration."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.activation_snapshot import ActivationStatus
from services.activation.web.shapes.access import Done


class ConsultantThere(BaseModel):
    """A consultant at the client. `name` is null where the agency has not registered them."""

    sub: str
    name: str | None
    linked: bool
    user: bool = Field(description="has a user in the client")


class Consultants(BaseModel):
    """The consultants at a client, and who answers for it."""

    client_id: UUID
    responsible_consultant: str | None
    consultants: list[ConsultantThere]


class ChangedConsultants(Consultants, Done):
    """The same after an act."""


class HandedClient(Done):
    """A client that is handed over, and what changes by it."""

    client_id: UUID
    client_name: str


class HandedOver(BaseModel):
    """What a hand-over did, or would do."""

    model_config = ConfigDict(populate_by_name=True)

    handover_id: UUID | None = Field(description="null for a preview")
    from_: str = Field(alias="from")
    to: str
    preview: bool
    clients: list[HandedClient]


class By(BaseModel):
    """Who did something."""

    sub: str
    name: str


class WaitingDisconnection(BaseModel):
    """The wish that agency and client part, which waits for an administrator of the client's own."""

    disconnection_id: UUID
    by: By
    expires_at: AwareDatetime


class Disconnection(BaseModel):
    """Whether agency and client are parting; `status` disconnected: they have."""

    client_id: UUID
    status: ActivationStatus
    disconnection: WaitingDisconnection | None


class Restoration(BaseModel):
    """How far a restoration is: the consultant who waits for a second operator, or the administrators there are."""

    client_id: UUID
    waits_for_a_second_operator: str | None
    administrators: list[str]
