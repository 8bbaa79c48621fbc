"""Events as the notifier hears them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from schemas.activation import ActivationActivatedV1, ActivationCancelledV1, ActivationListedV1
from schemas.agency import ConsultantRegisteredV1
from schemas.catalogue import CATALOGUE
from schemas.envelope import Envelope, EventData
from schemas.values import Person, RequestedBy

LISTED_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HANDLED_AT = datetime(2026, 3, 2, 9, 42, tzinfo=UTC)
KARIN = Person(sub="karin", name="Karin")


def event_of(data: EventData, version: int = 1) -> Envelope[Any]:
    """The event in its envelope."""
    kind = CATALOGUE.type_of(data)
    return Envelope[Any](
        id=str(uuid4()),
        source=f"/aktivera/{kind.producer}",
        type=kind.wire_type,
        subject=kind.key_of(data) or "unknown",
        time=LISTED_AT,
        sequence=str(version),
        correlationid="correlation-1",
        data=data,
    )


def listed(client_id: UUID, **changes: Any) -> Envelope[ActivationListedV1]:
    data: dict[str, Any] = {
        "client_id": client_id,
        "agency": "byra-ett",
        "client_name": "Exempelbolaget AB",
        "test": False,
        "origin": "wizard",
        "program_access": True,
        "counts": {"bookkeeping": 2, "invoicing": 1},
        "confirmation_email": "anna@exempelbolaget.se",
        "locale": "sv",
        "created_by": KARIN,
        "created_at": LISTED_AT,
        "listed_at": LISTED_AT,
    }
    return event_of(ActivationListedV1(**{**data, **changes}))


def activated(client_id: UUID, by: Person = KARIN) -> Envelope[ActivationActivatedV1]:
    data = ActivationActivatedV1(
        client_id=client_id,
        agency="byra-ett",
        client_name="Exempelbolaget AB",
        test=False,
        activated_by=by,
        created_at=LISTED_AT,
        listed_at=LISTED_AT,
        activated_at=HANDLED_AT,
        became_system_administrator=True,
    )
    return event_of(data, 2)


def cancelled(client_id: UUID, by: RequestedBy) -> Envelope[ActivationCancelledV1]:
    data = ActivationCancelledV1(
        client_id=client_id,
        agency="byra-ett",
        client_name="Exempelbolaget AB",
        test=False,
        cancelled_by=by,
        reason="mistake",
        cancelled_at=HANDLED_AT,
    )
    return event_of(data, 2)


def consultant(sub: str, *roles: str, agency: str = "byra-ett") -> Envelope[ConsultantRegisteredV1]:
    data = ConsultantRegisteredV1(
        agency=agency, sub=sub, name=sub.title(), email=f"{sub}@byra-ett.se", locale="sv", roles=list(roles)
    )
    return event_of(data)
