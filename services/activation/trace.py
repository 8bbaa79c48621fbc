"""The steps of a client's way that activation knows of."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.service import Step
from services.activation.store import acts, lists

_UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")


async def trace(database: Database, client_id: str | None, correlation_id: str | None) -> Sequence[Step]:
    """Listed, activated, cancelled, and every act at the client: with times and who (as subject), in order."""
    found: dict[UUID, Any] = {}
    done: dict[tuple[Any, ...], Any] = {}
    if client_id is not None and _UUID.fullmatch(client_id):
        found |= {row["client_id"]: row for row in await lists.of_client(database, UUID(client_id))}
        done |= {tuple(row): row for row in await acts.of_client(database, UUID(client_id))}
    if correlation_id is not None:
        found |= {row["client_id"]: row for row in await lists.of_correlation(database, correlation_id)}
        done |= {tuple(row): row for row in await acts.of_correlation(database, correlation_id)}
    steps = [step for row in found.values() for step in _steps(row)]
    return sorted((*steps, *map(_act, done.values())), key=lambda step: step.at)


def _act(row: Any) -> Step:
    about = {name: row[name] for name in ("acting_as", "refused", "reason") if row[name] is not None}
    client = {"client_id": str(row["client_id"]), "correlation_id": row["correlation_id"]}
    what = f"activation.{'refused.' if row['refused'] else ''}{row['act']}"
    return Step(row["at"], what, client | {"by": row["by_sub"], "entries": row["entries"]} | about)


def _steps(row: Any) -> Iterator[Step]:
    client = {"client_id": str(row["client_id"]), "correlation_id": row["correlation_id"]}
    yield Step(row["listed_at"], "activation.listed", client | {"origin": row["origin"]})
    if row["activated_at"] is not None:
        became = {"became_system_administrator": row["became_system_administrator"]}
        yield Step(row["activated_at"], "activation.activated", client | {"by": row["activated_by_sub"]} | became)
    if row["cancelled_at"] is not None:
        by = {"by": row["cancelled_by_kind"], "reason": row["reason"]}
        yield Step(row["cancelled_at"], "activation.cancelled", client | by)
