"""Holds this process's mails to the rates that are set: to a mail server, and to each recipient's domain."""

import math
from collections.abc import Iterable

from services.notifier.domain.pacing import Bucket, Rate
from services.notifier.store.deliveries import Claimed

MOST_DOMAINS = 10_000
"""More are not remembered: those that were asked of longest ago begin anew."""


class Pace:
    """Of one lane. `now` is in seconds of the event loop everywhere."""

    def __init__(self, server: Rate | None, domain: Rate | None) -> None:
        self._server, self._domain = server, domain
        self._to_server: Bucket | None = None
        self._to_domain: dict[str, Bucket] = {}

    def room(self, now: float) -> float:
        """How many mails may go to the server now; infinite without a rate."""
        return math.inf if self._server is None else int(self._of_server(self._server, now).tokens)

    def rest(self, now: float) -> float:
        """Seconds until one more may; infinite where none waits for that."""
        if self._server is None or (missing := 1 - self._of_server(self._server, now).tokens) <= 0:
            return math.inf
        return missing / self._server.per_second

    def parted(self, mails: Iterable[Claimed], now: float) -> tuple[list[Claimed], list[tuple[Claimed, float]]]:
        """Those that may go now, and those that wait for their recipient's domain, with the seconds until then."""
        go, later = [], []
        for mail in mails:
            wait = self._wait(mail, now)
            if wait > 0:
                later.append((mail, wait))
            else:
                go.append(mail)
        if self._server is not None:
            self._to_server = self._of_server(self._server, now).spent(len(go))
        return go, later

    def _of_server(self, rate: Rate, now: float) -> Bucket:
        return (self._to_server or Bucket.full(rate, now)).filled(rate, now)

    def _wait(self, mail: Claimed, now: float) -> float:
        rate = self._domain
        if rate is None:
            return 0.0
        domain = mail.recipient.rpartition("@")[2].lower()
        bucket = self._to_domain.pop(domain, None) or Bucket.full(rate, now)
        if len(self._to_domain) >= MOST_DOMAINS:
            del self._to_domain[next(iter(self._to_domain))]
        self._to_domain[domain], wait = bucket.ask(rate, mail.agency, now, again=mail.paced)
        return wait
