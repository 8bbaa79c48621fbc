"""One Postgres transaction, its moment in time, and what is published with it: all of it happens or none."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis import metrics
from chassis.outbox import OutboxRow, append, outbox_row
from schemas.envelope import Catalogue, Envelope, Say

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[Any]


@dataclass(frozen=True, slots=True)
class Cause:
    """What made somebody act: the event that is handled, or a request."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None

    @classmethod
    def of(cls, event: Envelope[Any]) -> "Cause":
        return cls(event.correlationid, event.id, event.traceparent)


class UnitOfWork:
    """Handed to load and save. `connection` is inside the transaction; `now` does not move while it lasts.

    `cause` is what made the one command that it is for; None where it serves many events, or a job.
    """

    def __init__(self, connection: "Connection", now: datetime, service: str, catalogue: Catalogue) -> None:
        self.connection = connection
        self.now = now
        self._service = service
        self._catalogue = catalogue
        self.cause: Cause | None = None
        self._published: list[OutboxRow] = []
        self._labels: dict[UUID, tuple[str, str]] = {}

    @property
    def published(self) -> int:
        """How many events this transaction has said so far."""
        return len(self._published)

    def publish(self, say: Say, cause: Cause) -> str:
        """Adds an event to the transaction and answers its id. Raises Unprocessable where it is too large to send."""
        row = self.prepare(say, cause)
        self.add(row)
        return str(row.event_id)

    def prepare(self, say: Say, cause: Cause) -> OutboxRow:
        """The row of an event, not yet added. Raises Unprocessable where it is too large to send."""
        row = outbox_row(self._service, self._catalogue, say, cause, self.now)
        kind = self._catalogue.type_of(say.data)
        if kind.counted_by is not None:
            self._labels[row.event_id] = (kind.name, str(getattr(say.data, kind.counted_by)))
        return row

    def add(self, row: OutboxRow) -> None:
        """Adds a prepared row to the transaction."""
        self._published.append(row)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What fails inside is undone, published events included, and the transaction goes on."""
        said = len(self._published)
        try:
            async with self.connection.transaction():
                yield
        except BaseException:
            del self._published[said:]
            raise

    def count(self) -> None:
        """Counts what was said; called by the database after the commit."""
        if self._labels:
            said = Counter(self._labels[row.event_id] for row in self._published if row.event_id in self._labels)
            for label, events in said.items():
                metrics.SAID.labels(*label).inc(events)

    async def flush(self) -> None:
        """Writes the outbox rows; called by the database just before commit."""
        if self._published:
            await append(self.connection, self._published)
