"""The outbox: events said by a transaction, stored with it. Rows still there are unpublished."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson

from chassis.adding import add_rows
from chassis.failures import Unprocessable
from chassis.ids import uuid7
from chassis.tracing import child_of
from schemas.envelope import CONTENT_TYPE, Catalogue, Say

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from chassis.unit_of_work import Cause

LARGEST_PAYLOAD_BYTES = 900_000  # below the broker's message.max.bytes, so that publishing cannot fail for one row


class OutboxRow(NamedTuple):
    """One unpublished event as it will stand in the topic. Its fields are the columns that are filled."""

    event_id: UUID
    topic: str
    key: str | None
    aggregate_id: str
    version: int | None
    headers: str
    payload: bytes


def outbox_row(service: str, catalogue: Catalogue, say: Say, cause: "Cause", now: datetime) -> OutboxRow:
    """Puts what is said into its envelope. Raises Unprocessable where the event is larger than a topic takes."""
    kind = catalogue.type_of(say.data)
    event_id = uuid7()
    id_text = str(event_id)
    key = getattr(say.data, kind.key)
    aggregate_id = "unknown" if key is None else str(key)
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": id_text,
        "source": f"/aktivera/{service}",
        "type": kind.wire_type,
        "subject": aggregate_id,
        "time": now,
        "datacontenttype": "application/json",
        "correlationid": say.correlation_id or cause.correlation_id,
    }
    if say.version is not None:
        envelope["sequence"] = str(say.version)
    if cause.causation_id is not None:
        envelope["causationid"] = cause.causation_id
    if cause.traceparent is not None:
        envelope["traceparent"] = child_of(cause.traceparent)
    envelope["data"] = orjson.Fragment(say.data.model_dump_json(by_alias=True, exclude_none=True))
    payload = orjson.dumps(envelope, option=orjson.OPT_UTC_Z)
    if len(payload) > LARGEST_PAYLOAD_BYTES:
        raise Unprocessable("payload_too_large", f"an event of {len(payload)} bytes")
    headers = f'{{"ce_type":"{kind.wire_type}","ce_id":"{id_text}","content-type":"{CONTENT_TYPE}"}}'
    topic = say.topic or kind.topic
    return OutboxRow(
        event_id, topic, None if key is None else aggregate_id, aggregate_id, say.version, headers, payload
    )


async def append(connection: "PoolConnectionProxy[Any]", rows: Sequence[OutboxRow]) -> None:
    """Adds rows in the order they were said; ids count up in that order."""
    await add_rows(connection, "outbox", OutboxRow._fields, rows)
