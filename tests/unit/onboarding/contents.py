"""What is sent to onboarding, for tests: a request that nothing is wrong with, and changes to it."""

import copy
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
TODAY = NOW.date()


def organisation(nine: int) -> str:
    """An organisation number made of a running number: `5` and eight digits, third at least 2, and the check digit."""
    body = f"55{2 + nine % 8}{nine // 8:06d}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(body)]
    check = -sum(value - 9 if value > 9 else value for value in doubled) % 10
    return f"{body[:6]}-{body[6:]}{check}"


def content(**changes: Any) -> dict[str, Any]:
    """The three steps with changes: `content(details__name="")` sets one place, a value `...` takes it away."""
    sent: dict[str, Any] = {
        "access": {"program_access": True, "invoice_recipient": "agency", "invoice_interval": "quarter"},
        "details": {
            "name": "Exempelbolaget AB",
            "identity": {"kind": "organisation", "number": "556036-0793"},
            "protected_identity": False,
            "address": {"street": "Storgatan 1", "postal_code": "123 45", "city": "Växjö", "country": "SE"},
        },
        "licences": {
            "counts": {"bookkeeping": 2, "invoicing": 1},
            "confirmation_email": "anna@exempelbolaget.se",
        },
    }
    sent = copy.deepcopy(sent)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = sent
        for parent in parents:
            place = place[parent]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return sent


def sole_trader(number: str = "811218-9876") -> dict[str, Any]:
    return {"kind": "sole_trader", "number": number}


def association(number: str = "811218-9876") -> dict[str, Any]:
    return {"kind": "association_without_orgnr", "number": number, "responsible_person": "Berit Berg"}


def cloud_event(event_id: str = "evt-1", **attributes: Any) -> dict[str, Any]:
    """An upstream request in structured mode; `data` is the usual one unless it is given."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/upstream/demo",
        "type": "se.aktivera.onboarding.requested.v1",
        "time": "2026-11-24T10:00:00Z",
        "data": {"agency": "byra-ett", "external_ref": "ref-1"} | content(),
        **attributes,
    }
