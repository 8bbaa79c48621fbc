"""Events of a consultant who leaves: clients handed over, and the answer to a wish to remove the consultant."""

from uuid import UUID

from pydantic import ConfigDict, Field

from schemas.activation import ClientScoped
from schemas.envelope import EventData
from schemas.values import Code, Person, Recipient, Slug, Sub


class HandoverCompletedV1(ClientScoped):
    """One client of a hand-over has a new administrator. `handover_id` is the same for all clients of the act."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_alias=True, validate_by_name=True)

    handover_id: UUID
    from_: Person = Field(alias="from")
    to: Recipient


class ConsultantReleasedV1(EventData):
    """A consultant was released from all clients (`clients`: those they were linked to). Key: the agency."""

    agency: Slug
    sub: Sub
    request_id: UUID
    clients: list[UUID]


class ConsultantReleaseRefusedV1(EventData):
    """A consultant could not be released: `clients` would be left without an administrator. Key: the agency."""

    agency: Slug
    sub: Sub
    request_id: UUID
    code: Code
    clients: list[UUID]
