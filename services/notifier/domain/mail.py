"""A mail's way: pending → sending → transmitting → sent | retry | failed | unknown | withheld, each committed first."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from services.notifier.domain.attempts import Phase, Tried
from services.notifier.domain.troubles import Trouble

MailState: TypeAlias = Literal["pending", "sending", "transmitting", "sent", "retry", "failed", "unknown", "withheld"]

LEASED: tuple[MailState, ...] = ("sending", "transmitting")
FINAL: tuple[MailState, ...] = ("sent", "failed", "unknown", "withheld")

JUMPS: Mapping[MailState, frozenset[MailState]] = {
    "pending": frozenset({"sending"}),
    "retry": frozenset({"sending"}),
    "sending": frozenset({"transmitting", "retry", "failed", "withheld"}),
    "transmitting": frozenset({"sent", "retry", "failed", "unknown"}),
    # Only the answer that a late worker did get leads out of unknown; never a new attempt.
    "unknown": frozenset({"sent", "failed"}),
    "sent": frozenset(),
    "failed": frozenset(),
    # A mail of a try, for which no server is named that keeps it from the world; or one that is overtaken by events.
    "withheld": frozenset(),
}


def before(state: MailState) -> tuple[MailState, ...]:
    """The states from which a mail may go to this one."""
    return tuple(each for each in JUMPS if state in JUMPS[each])


CLAIMABLE = before("sending")
"""From these a worker takes a mail, as one more attempt at it."""

TRANSMITTABLE = before("transmitting")
"""From these the content may go out."""

ACCEPTABLE = before("sent")
"""From these the server's yes leads to the end."""

Reason: TypeAlias = Literal[
    "mail_server_unavailable",
    "email_deferred",
    "email_rejected",
    "email_outcome_unknown",
    "unprocessable",
    "internal_error",
    "interrupted",
    "email_superseded",
    "email_paced",
]
Fault: TypeAlias = Literal["mail", "relay", "us"]

LONGEST_DELAY_SECONDS = 86400.0


class InvalidJump(Exception):  # named after the fact that refused
    """A mail cannot go from one state to the other."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server answered 250 to the content."""

    smtp_code: int = 250


@dataclass(frozen=True, slots=True)
class Deferred:
    """The server does not have the mail, and may take it later. `fault`: what stood in the way. `trouble`: what stands
    in the way of every mail. `wait_seconds`: how long we keep it ourselves. `silent`: it had taken our sender, and then
    said nothing in time."""

    reason: Reason
    fault: Fault
    smtp_code: int | None = None
    trouble: Trouble | None = None
    wait_seconds: float = 0.0
    silent: bool = False
    enhanced_code: str | None = field(default=None, compare=False)  # for people: it decides nothing

    @property
    def wears_patience(self) -> bool:
        """Whether the mail fails if it goes on like this. So it is where the dialogue about it broke off: perhaps the
        server did that because of this mail, and RFC 5321 §3.8 takes it as a 451. And where we cannot make it, so
        that it has an end, and the agency is told."""
        broke_off = self.reason == "mail_server_unavailable" and self.trouble is None
        return self.fault == "mail" or broke_off or self.reason == "internal_error"


@dataclass(frozen=True, slots=True)
class Bounced:
    """The server does not have the mail and will not take it."""

    reason: Reason
    smtp_code: int | None = None
    enhanced_code: str | None = field(default=None, compare=False)  # for people: it decides nothing


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The content went out whole or in part, and no answer came."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """The mail is kept and not sent: it is a try's without a server for those, or what it says is no longer so."""

    reason: Reason | None = None


Outcome: TypeAlias = Accepted | Deferred | Bounced | Unanswered | Withheld


@dataclass(frozen=True, slots=True)
class Retries:
    """When a deferred mail is tried again: the nth delay after the nth time, the last one repeated.

    A mail that the server puts off or hangs up on, or that we cannot make, for longer than `give_up_after` has failed.
    What stands in every mail's way never makes one fail. What is not the mail's own fault does not make it wait longer
    the next time, and it waits at most `relay_delay`, so that a whole queue is not asleep when the server is back.
    """

    delays: tuple[float, ...] = (60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400)
    relay_delay: float = 300
    give_up_after: timedelta = timedelta(days=5)

    def after(self, times: int, fault: Fault, jitter: float) -> timedelta:
        """The wait after the mail was put off so many times. `jitter` in [0, 1) spreads it over ± 10 %; never over a
        day."""
        if fault == "us":
            return timedelta(0)
        delay = self.delays[min(times, len(self.delays)) - 1]
        if fault == "relay":
            delay = min(delay, self.relay_delay)
        return timedelta(seconds=min(delay * (0.9 + 0.2 * jitter), LONGEST_DELAY_SECONDS))


@dataclass(frozen=True, slots=True)
class Mail:
    """What decides about a mail. `attempt` is the fence: whoever holds an older one has nothing to say any more.
    `deferrals`: how often the mail itself was put off. `deferred_since`: when our patience with it began;
    moved on by what does not count. `uncounted`: attempts that were stopped by us or by what stops every mail.
    `tried`: the attempt that ended just now, unless it went well or was no try.
    """

    id: UUID
    state: MailState
    attempt: int
    created_at: datetime
    due_at: datetime
    settled_at: datetime | None = None
    smtp_code: int | None = None
    reason: Reason | None = None
    deferrals: int = 0
    deferred_since: datetime | None = None
    uncounted: int = 0
    tried: Tried | None = None

    @property
    def attempts(self) -> int:
        """Those at this mail."""
        return self.attempt - self.uncounted


def settle(mail: Mail, outcome: Outcome, now: datetime, retries: Retries, jitter: float) -> Mail:
    """What an attempt came to. Raises InvalidJump where the mail is not in a state in which an attempt can end."""
    return replace(_settled(mail, outcome, now, retries, jitter), tried=_tried(mail, outcome, now))


def _tried(mail: Mail, outcome: Outcome, now: datetime) -> Tried | None:
    match outcome:
        case Unanswered():
            return Tried(now, "content", None, None, "email_outcome_unknown")
        case Deferred(fault="us") | Accepted() | Withheld():
            return None
    phase: Phase = "recipient"
    if mail.state != "sending":
        phase = "content"
    elif outcome.reason in ("internal_error", "unprocessable"):
        phase = "before"
    elif isinstance(outcome, Deferred) and outcome.trouble is not None:
        phase = "server"
    return Tried(now, phase, outcome.smtp_code, outcome.enhanced_code, outcome.reason)


def _settled(mail: Mail, outcome: Outcome, now: datetime, retries: Retries, jitter: float) -> Mail:
    match outcome:
        case Accepted(smtp_code):
            return replace(_jump(mail, "sent"), settled_at=now, smtp_code=smtp_code, reason=None)
        case Bounced(reason, smtp_code):
            return replace(_jump(mail, "failed"), settled_at=now, smtp_code=smtp_code, reason=reason)
        case Unanswered():
            return _unknown(mail, now)
        case Withheld(reason):
            return replace(_jump(mail, "withheld"), settled_at=now, smtp_code=None, reason=reason)
        case Deferred():
            return _put_off(mail, outcome, now, retries, jitter)


def _put_off(mail: Mail, outcome: Deferred, now: datetime, retries: Retries, jitter: float) -> Mail:
    times = mail.attempt
    if outcome.fault == "mail":
        times = mail.deferrals + 1
        mail = replace(mail, deferrals=times)
    elif outcome.fault == "us" or outcome.trouble is not None:
        mail = replace(mail, uncounted=mail.uncounted + 1)
    wait = retries.after(times, outcome.fault, jitter) + timedelta(seconds=outcome.wait_seconds)
    since = _deferred_since(mail, outcome, now, wait)
    patience_is_over = since is not None and outcome.wears_patience and now - since >= retries.give_up_after
    # The late worker knows that the server does not have it; whether to try again is a person's choice by now.
    if patience_is_over or mail.state == "unknown":
        return settle(mail, Bounced(outcome.reason, outcome.smtp_code), now, retries, jitter)
    mail = replace(mail, deferred_since=since)
    return replace(_jump(mail, "retry"), due_at=now + wait, smtp_code=outcome.smtp_code, reason=outcome.reason)


def _deferred_since(mail: Mail, outcome: Deferred, now: datetime, wait: timedelta) -> datetime | None:
    """Moved on by the time in which the mail was due and nobody could try it, and by what it waits for others' sake."""
    since = mail.deferred_since
    if since is None:
        return now if outcome.wears_patience else None
    since += max(now - mail.due_at, timedelta(0))
    return since if outcome.wears_patience else since + wait


def lease_ran_out(mail: Mail, now: datetime) -> Mail:
    """The worker is gone: before the content went out the mail is tried again; after that nobody knows."""
    if mail.state == "sending":
        mail = replace(_jump(mail, "retry"), due_at=now, reason="interrupted", smtp_code=None)
        return replace(mail, uncounted=mail.uncounted + 1)
    return replace(_unknown(mail, now), tried=_tried(mail, Unanswered(), now))


def _unknown(mail: Mail, now: datetime) -> Mail:
    return replace(_jump(mail, "unknown"), settled_at=now, smtp_code=None, reason="email_outcome_unknown")


def _jump(mail: Mail, state: MailState) -> Mail:
    if state not in JUMPS[mail.state]:
        raise InvalidJump(f"{mail.state} → {state}")
    return replace(mail, state=state)
