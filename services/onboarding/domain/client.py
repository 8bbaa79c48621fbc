"""A client: its state, what is said when it is created, and whether it can still be changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.client import ClientCreatedV1, ClientStatus
from schemas.envelope import Say
from schemas.errors import Refused
from schemas.values import Access, Administrator, Locale, Origin, Person
from services.onboarding.domain.new_client import Address, Identity


class ClientUnknown(Refused):
    """There is no such client."""

    code = "unknown_client"


class ClientElsewhere(Refused):
    """There is no such client, or it is another agency's."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Origins:
    """The upstream request that a client came from, and where its answers go."""

    source: str
    request_id: str
    results_topic: str


@dataclass(frozen=True, slots=True)
class Client:
    """A client, whole. `version` counts the events of the aggregate; what activation tells does not count."""

    client_id: UUID
    version: int
    agency: str
    status: ClientStatus
    name: str
    identity: Identity
    protected_identity: bool
    address: Address | None
    access: Access
    counts: Mapping[str, int]
    confirmation_email: str
    locale: Locale
    origin: Origin
    test: bool
    external_ref: str | None
    responsible_consultant: str | None
    administrators: tuple[Administrator, ...] | None
    confirmed_duplicate: bool
    created_by: Person | None
    created_at: datetime
    correlation_id: str
    request: Origins | None = None


def created(client: Client) -> Say:
    """The first thing said of a client."""
    return Say(
        ClientCreatedV1(
            client_id=client.client_id,
            agency=client.agency,
            name=client.name,
            identity_kind=client.identity.kind,
            protected_identity=client.protected_identity,
            origin=client.origin,
            source=None if client.request is None else client.request.source,
            external_ref=client.external_ref,
            test=client.test,
            access=client.access,
            counts=dict(client.counts),
            confirmation_email=client.confirmation_email,
            locale=client.locale,
            created_at=client.created_at,
            created_by=client.created_by,
            responsible_consultant=client.responsible_consultant,
            administrators=None if client.administrators is None else list(client.administrators),
        ),
        version=client.version,
    )


@dataclass(frozen=True, slots=True)
class Target:
    """A client that somebody asks something of."""

    client_id: UUID
    version: int
    agency: str
    status: ClientStatus
    source: str | None
    external_ref: str | None
    activated_by: str | None = None
    activated_at: datetime | None = None

    @classmethod
    def of_source(cls, target: "Target | None", source: str) -> "Target":
        """The client, where it is the source's own. Raises ClientUnknown."""
        if target is None or target.source != source:
            raise ClientUnknown
        return target
