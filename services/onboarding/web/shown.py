"""What is shown of a client: rows of the database as answers, a person's number masked."""

from collections.abc import Sequence
from typing import Any

import orjson

from schemas.errors import Pointed
from services.onboarding.domain.client import Client
from services.onboarding.domain.drafts import form_warnings
from services.onboarding.domain.identity_numbers import IdentityNumber
from services.onboarding.web.bodies import CreatedClient, ListedClient, ShownClient
from services.onboarding.web.remarks import remarked, remarks

_PLAIN = (
    "client_id",
    "agency",
    "status",
    "name",
    "protected_identity",
    "origin",
    "test",
    "external_ref",
    "responsible_consultant",
    "created_at",
    "listed_at",
    "activated_at",
    "configured_at",
    "cancelled_at",
)


def created_client(client: Client, passed_over: Sequence[Pointed]) -> CreatedClient:
    """What the creation of a client answers; `passed_over` are the places of fields that nobody read."""
    warned = form_warnings(client.identity.kind, client.identity.number, client.name)
    return CreatedClient(
        client_id=client.client_id,
        agency=client.agency,
        status=client.status,
        external_ref=client.external_ref,
        created_at=client.created_at,
        warnings=[*remarks(warned), *remarked(passed_over)],
    )


def created_before(row: Any) -> CreatedClient:
    """The same of a client that was created earlier."""
    warned = []
    if row["org_number"] is not None:
        number = IdentityNumber(row["org_number"], "organisation")
        warned = form_warnings(row["identity_kind"], number, row["name"])
    plain = {name: row[name] for name in ("client_id", "agency", "status", "external_ref", "created_at")}
    return CreatedClient(**plain, warnings=remarks(warned))


def listed_client(row: Any) -> ListedClient:
    """One row of the list."""
    return ListedClient.model_validate(_common(row))


def shown_client(row: Any) -> ShownClient:
    """One client with its details."""
    address = {each: row[each] for each in ("street", "postal_code", "city", "country")}
    return ShownClient.model_validate(
        _common(row)
        | {
            "version": row["version"],
            "edition": row["edition"],
            "changed_at": row["changed_at"],
            "changed_by": _person(row["changed_by_sub"], row["changed_by_name"]),
            "identity": _identity(row) | {"responsible_person": row["responsible_person"]},
            "address": None if row["street"] is None else address,
            "access": {each: row[each] for each in ("program_access", "invoice_recipient", "invoice_interval")},
            "licences": {"counts": orjson.loads(row["counts"]), "confirmation_email": row["confirmation_email"]},
            "locale": row["locale"],
            "administrators": None if row["administrators"] is None else orjson.loads(row["administrators"]),
            "source": row["source"],
        }
    )


def _common(row: Any) -> dict[str, Any]:
    by = _person(row["created_by_sub"], row["created_by_name"])
    return {each: row[each] for each in _PLAIN} | {"identity": _identity(row), "created_by": by}


def _person(sub: str | None, name: str | None) -> dict[str, str | None] | None:
    return None if sub is None else {"sub": sub, "name": name}


def _identity(row: Any) -> dict[str, Any]:
    return {"kind": row["identity_kind"], "number": row["identity_mask"]}
