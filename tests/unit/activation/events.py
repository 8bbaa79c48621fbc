"""Events as activation hears them, for tests: named values, the rest as usual."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from schemas.catalogue import CATALOGUE
from schemas.client import ClientCancellationRequestedV1, ClientCreatedV1
from schemas.envelope import Decision, Envelope, EventData
from services.activation.domain.activation import Activation
from services.activation.domain.arrow import Activate
from services.activation.domain.listing import list_client

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
CLIENT = UUID("0193a5b0-0000-7000-8000-000000000001")

Data = TypeVar("Data", bound=EventData)


def envelope(data: Data, version: int = 1, correlation: str = "corr-1") -> Envelope[Data]:
    kind = CATALOGUE.type_of(data)
    model: Any = Envelope
    event: Envelope[Data] = model[type(data)](
        id=str(uuid4()),
        source="/aktivera/onboarding",
        type=kind.wire_type,
        subject=str(kind.key_of(data)),
        time=NOW,
        sequence=str(version),
        correlationid=correlation,
        data=data,
    )
    return event


def client(**changes: Any) -> dict[str, Any]:
    return {
        "client_id": CLIENT,
        "agency": "byra-ett",
        "name": "Exempelbolaget AB",
        "identity_kind": "organisation",
        "protected_identity": False,
        "origin": "wizard",
        "test": False,
        "access": {"program_access": True, "invoice_recipient": "agency", "invoice_interval": "quarter"},
        "counts": {"bookkeeping": 2, "invoicing": 1, "payroll": 0},
        "confirmation_email": "anna@exempelbolaget.se",
        "locale": "sv",
        "created_at": NOW,
        "created_by": {"sub": "karin", "name": "Karin Karlsson"},
        **changes,
    }


def created(correlation: str = "corr-1", **changes: Any) -> Envelope[ClientCreatedV1]:
    return envelope(ClientCreatedV1.model_validate(client(**changes)), correlation=correlation)


def listed(**changes: Any) -> Activation:
    """The state of a client that waits in the list."""
    return list_client(None, created(**changes), NOW).state


def arrow(sub: str = "karin", **changes: Any) -> Activate:
    values: dict[str, Any] = {
        "sub": sub,
        "name": sub.capitalize(),
        "email": f"{sub}@byra-ett.se",
        "locale": "sv",
        "agency": "byra-ett",
        "roles": frozenset({"client_manager"}),
        "client": None,
    }
    return Activate(**(values | changes))


def cancellation(**changes: Any) -> Envelope[ClientCancellationRequestedV1]:
    values = {
        "client_id": CLIENT,
        "request_id": uuid4(),
        "requested_by": {"kind": "user", "id": "erik", "name": "Erik Ek"},
        "reason": "mistake",
        **changes,
    }
    return envelope(ClientCancellationRequestedV1.model_validate(values), correlation="of-the-request")


def only(decision: Decision[Activation], model: type[Data]) -> Data:
    """The data of the one event that a decision says."""
    (say,) = decision.says
    assert isinstance(say.data, model)
    return say.data
