"""The work itself, the same for all but L0: activation's own rule, its rows, and the answer event's outbox row."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chassis.outbox import outbox_row
from chassis.unit_of_work import Cause
from schemas.catalogue import CATALOGUE
from schemas.client import ClientCreatedV1
from services.activation.domain.listing import list_client
from services.activation.store.columns import COLUMNS, row_of

ADAPTER = next(kind for kind in CATALOGUE if kind.model is ClientCreatedV1).adapter

ACTIVATIONS = COLUMNS
LICENCES = ("client_id", "program", "ordered", "purchased")
OUTBOX = ("event_id", "topic", "key", "aggregate_id", "version", "headers", "payload")
SEEN = ("producer", "aggregate_id", "version", "event_id")

Row = tuple[Any, ...]


class Received(Protocol):
    """A record, whoever hands it over."""

    topic: str
    partition: int
    offset: int
    value: bytes
    headers: Iterable[tuple[str, bytes]]


@dataclass(slots=True)
class Handled:
    """The rows that one event leaves."""

    activation: Row
    licences: list[Row]
    outbox: Row
    seen: Row

    @property
    def client_id(self) -> Any:
        return self.activation[0]


def handle(value: bytes, now: datetime) -> Handled:
    """Decodes one client.created and decides on it as if it were the first of its client."""
    event = ADAPTER.validate_json(value)
    decision = list_client(None, event, now)  # type: ignore[arg-type]  # the adapter of this very type
    state = decision.state
    said = outbox_row("activation", CATALOGUE, decision.says[0], Cause.of(event), now)
    version = event.version
    return Handled(
        row_of(state),
        [(state.client_id, program, count, count) for program, count in state.ordered.items()],
        (said.event_id, said.topic, said.key, said.aggregate_id, said.version, said.headers, said.payload),
        ("onboarding", event.subject, version, event.id),
    )


def event_id(record: Received) -> str:
    return next(value.decode() for name, value in record.headers if name == "ce_id")


def positions(records: Iterable[Received]) -> list[Row]:
    """How far a batch has come: one row for each partition."""
    last = {(record.topic, record.partition): record for record in records}
    return [(*place, record.offset + 1, event_id(record)) for place, record in sorted(last.items())]
