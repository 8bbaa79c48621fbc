"""The steps of a client's way that activation knows of."""

from collections.abc import Iterator, Sequence
from typing import Any

from chassis.db import Database
from chassis.service import Step
from services.activation.store import lists


async def trace(database: Database, client_id: str | None, correlation_id: str | None) -> Sequence[Step]:
    """Listed, activated, cancelled: with times and who (as subject), in order."""
    rows = await lists.traced(database, client_id, correlation_id)
    return sorted((step for row in rows for step in _steps(row)), key=lambda step: step.at)


def _steps(row: Any) -> Iterator[Step]:
    client = {"client_id": str(row["client_id"])}
    yield Step(row["listed_at"], "activation.listed", client | {"origin": row["origin"]})
    if row["activated_at"] is not None:
        became = {"became_system_administrator": row["became_system_administrator"]}
        yield Step(row["activated_at"], "activation.activated", client | {"by": row["activated_by_sub"]} | became)
    if row["cancelled_at"] is not None:
        by = {"by": row["cancelled_by_kind"], "reason": row["reason"]}
        yield Step(row["cancelled_at"], "activation.cancelled", client | by)
