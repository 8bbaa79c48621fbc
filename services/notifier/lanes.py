"""A lane: the connections of a process to one mail server, and the mails that were claimed for it."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

from services.notifier.domain.circuit import hear
from services.notifier.domain.mail import Outcome
from services.notifier.mailer import Connection
from services.notifier.paces import Pace
from services.notifier.settings import NotifierSettings
from services.notifier.store import deliveries
from services.notifier.store.deliveries import Claimed

MOST_AHEAD = 256
WINDOW_SECONDS = 0.25


@dataclass(eq=False, slots=True)
class Worker:
    """One connection, or none where there is no server. `last`: set once the outcome of its last mail is stored."""

    connection: Connection | None
    last: asyncio.Event | None = None


@dataclass(eq=False, slots=True)
class Flight:
    """A mail that a worker has. `probe`: it tries an open circuit. `before`: the worker's mail before is stored.
    `must_finish`: the content is out, or its outcome is known and not stored yet."""

    mail: Claimed
    worker: Worker
    probe: bool
    before: asyncio.Event | None
    stored: asyncio.Event = field(default_factory=asyncio.Event)
    must_finish: bool = False
    landed: bool = False


class Lane:
    """Claims a little ahead of its workers: what they did in the last moments, so that a slow server's mails are not
    kept from another replica, nor an agency's first mail behind many."""

    def __init__(self, test: bool, settings: NotifierSettings | None, workers: int) -> None:
        self.of = deliveries.Lane(test, None if settings is None else settings.relay)
        self.ready: deque[tuple[Claimed, float]] = deque()
        connections = [None if settings is None else Connection(settings) for _ in range(workers)]
        self.idle = [Worker(each) for each in connections]
        self.pace = Pace(*(None, None) if settings is None else (settings.server_rate, settings.domain_rate))
        self.flows = True
        """Whether there were mails at the last look. A lane without is looked at when something was heard, and by the
        clock."""
        self._done = 0
        self._ahead = 0
        self._since = time.monotonic()
        self._silent: frozenset[UUID] = frozenset()

    def wanted(self, room: float) -> int:
        """How many mails to claim now: none while there are enough, nor where there is no room for more."""
        now = time.monotonic()
        if now - self._since >= WINDOW_SECONDS:
            self._ahead = min(self._done, MOST_AHEAD) if now - self._since < 2 * WINDOW_SECONDS else 0
            self._done, self._since = 0, now
        wanted = len(self.idle) + self._ahead - len(self.ready)
        return int(min(wanted, room)) if self.idle or 2 * len(self.ready) <= self._ahead else 0

    def start(self, mail: Claimed, *, probe: bool) -> Flight:
        """Gives the mail to a worker that is free."""
        worker = self.idle.pop()
        flight = Flight(mail, worker, probe, worker.last)
        worker.last = flight.stored
        return flight

    def heard(self, mail: Claimed, outcome: Outcome) -> Outcome:
        """What an attempt came to, after those before it: a server that says nothing to several mails is in the way of
        all. Each process finds that by itself."""
        self._silent, outcome = hear(self._silent, mail.id, outcome)
        return outcome

    def unbegun(self) -> list[Claimed]:
        """Takes back what no worker has begun."""
        mails = [mail for mail, _ in self.ready]
        self.ready.clear()
        return mails

    def land(self, worker: Worker) -> None:
        """The worker is free for another mail."""
        self._done += 1
        self.idle.append(worker)
