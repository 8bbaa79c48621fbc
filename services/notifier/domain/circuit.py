"""The circuit of a mail server: while the server itself is the obstacle mails wait, and one at a time tries whether it
still is."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from services.notifier.domain.mail import Bounced, Deferred, Outcome, Reason, Unanswered, Withheld
from services.notifier.domain.troubles import Trouble

CircuitState: TypeAlias = Literal["closed", "open", "half_open"]

SAYS_NOTHING: frozenset[Reason] = frozenset({"interrupted", "internal_error", "unprocessable", "email_paced"})
"""For these the server was not asked."""

SILENT_IN_A_ROW = 3
"""Where a server says nothing to one mail, it may be that recipient's; to so many different ones it is the server's."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds until an open circuit is tried: `first`, then twice as long after each failed try, at most `longest`."""

    first: float = 15
    longest: float = 300

    def after(self, failures: int, jitter: float) -> timedelta:
        """`jitter` in [0, 1) spreads it over ± 10 %, so that replicas and servers do not beat in time."""
        wait = min(self.first * 2 ** min(failures - 1, 20), self.longest)
        return timedelta(seconds=wait * (0.9 + 0.2 * jitter))


@dataclass(frozen=True, slots=True)
class Circuit:
    """Of one relay, `host:port`. `probe`: the mail that tries an open one, which is then half open. `since`: in this
    trouble, or out of it, since then. `failures`: how often in a row it was found shut."""

    relay: str
    state: CircuitState = "closed"
    since: datetime | None = None
    trouble: Trouble | None = None
    smtp_code: int | None = None
    failures: int = 0
    try_at: datetime | None = None
    probe: UUID | None = None


def hear(silent: frozenset[UUID], mail: UUID, outcome: Outcome) -> tuple[frozenset[UUID], Outcome]:
    """`silent`: the mails, one after the other, to which the server said nothing once it had taken their sender.
    Answers them with this one, and what its outcome means after those."""
    if isinstance(outcome, Deferred) and outcome.silent:
        silent |= {mail}
        if len(silent) < SILENT_IN_A_ROW:
            return silent, outcome
        outcome = replace(outcome, trouble="unreachable")
    elif isinstance(outcome, Unanswered) or _not_asked(outcome):
        return silent, outcome
    return frozenset(), outcome


def judge(circuit: Circuit, mail: UUID, outcome: Outcome, now: datetime, waits: Waits, jitter: float) -> Circuit:
    """What an attempt says of the server. While the circuit is not closed the probe's alone counts: the others' began
    before."""
    if circuit.state == "half_open" and circuit.probe == mail:
        return _tried(circuit, outcome, now, waits, jitter)
    if circuit.state == "closed" and isinstance(outcome, Deferred) and outcome.trouble is not None:
        circuit = replace(circuit, state="open", since=now, failures=1)
        return _shut(circuit, outcome.trouble, outcome.smtp_code, now + waits.after(1, jitter))
    return circuit


def _tried(circuit: Circuit, outcome: Outcome, now: datetime, waits: Waits, jitter: float) -> Circuit:
    if _not_asked(outcome):
        return replace(circuit, state="open", try_at=now, probe=None)
    if isinstance(outcome, Unanswered) or (isinstance(outcome, Deferred) and outcome.fault == "relay"):
        trouble = outcome.trouble if isinstance(outcome, Deferred) else None
        code = outcome.smtp_code if isinstance(outcome, Deferred) else None
        circuit = replace(circuit, failures=circuit.failures + 1)
        return _shut(circuit, trouble or circuit.trouble, code, now + waits.after(circuit.failures, jitter))
    return Circuit(circuit.relay, "closed", now)


def _shut(circuit: Circuit, trouble: Trouble | None, code: int | None, try_at: datetime) -> Circuit:
    return replace(circuit, state="open", trouble=trouble, smtp_code=code, try_at=try_at, probe=None)


def _not_asked(outcome: Outcome) -> bool:
    return isinstance(outcome, Withheld) or (isinstance(outcome, Deferred | Bounced) and outcome.reason in SAYS_NOTHING)
