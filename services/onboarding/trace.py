"""The steps of a client's way that onboarding knows of."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.db import Database
from chassis.service import Step
from services.onboarding.domain.instructions import uuid_or_none
from services.onboarding.store import lists, refused_tries

SEEN = ("listed", "activated", "configured", "cancelled")


async def trace(database: Database, client_id: str | None, correlation_id: str | None) -> Sequence[Step]:
    """Requested, accepted or rejected and what activation answered since, created, what was seen of activation, and
    what people tried and were refused.

    With times, in order.
    """
    client: UUID | None = uuid_or_none(client_id)
    clients, requests = await lists.traced(database, client, correlation_id)
    steps = [step for row in requests for step in _request_steps(row)]
    steps += [step for row in clients for step in _client_steps(row)]
    steps += map(_refused, await refused_tries.traced(database, client, correlation_id))
    return sorted(steps, key=lambda step: step.at)


def _request_steps(row: Any) -> Iterator[Step]:
    about = {"source": row["source"], "request_id": row["request_id"], "correlation_id": row["correlation_id"]}
    yield Step(row["received_at"], "onboarding.requested", about)
    if row["code"] is None:
        yield Step(row["received_at"], "onboarding.accepted", about | {"client_id": str(row["client_id"])})
    else:
        yield Step(row["received_at"], "onboarding.rejected", about | _why(row["code"], orjson.loads(row["errors"])))
    for told in orjson.loads(row["outcomes"]):
        at = datetime.fromisoformat(told["at"])
        yield Step(at, f"onboarding.{told['what']}", about | _why(told["code"], told["errors"]))


def _why(code: str | None, errors: Sequence[Any]) -> dict[str, Any]:
    """The code, and each place that is wrong where there are several."""
    places = ", ".join(f"{each['pointer'] or '/'}: {each['code']}" for each in errors)
    return {"code": code, "places": places if len(errors) > 1 else None}


def _refused(row: Any) -> Step:
    about = {"client_id": row["client_id"] and str(row["client_id"]), "correlation_id": row["correlation_id"]}
    by = {"by": row["by_sub"], "agency": row["by_agency"], "tried": row["act"], "refused": row["refused"]}
    return Step(row["at"], "onboarding.refused", about | by)


def _client_steps(row: Any) -> Iterator[Step]:
    client = {"client_id": str(row["client_id"]), "correlation_id": row["correlation_id"]}
    yield Step(row["created_at"], "client.created", client | {"origin": row["origin"], "source": row["source"]})
    for seen in SEEN:
        if row[f"{seen}_at"] is not None:
            yield Step(row[f"{seen}_at"], f"activation.{seen} seen", client)
