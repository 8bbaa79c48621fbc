"""Mails of all agencies as an operator sees them: a list, one with its copies, and having one tried at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.addresses import masked
from services.notifier.domain.draft import message_id
from services.notifier.domain.message import message_id_of
from services.notifier.store.turns import WAITS

_SHOWN = """e.id, e.template, e.cause_id, e.client_id, e.agency, e.test, e.recipient, e.locale, e.resend,
e.requested_by, e.requested_why, e.given_up_by, e.given_up_why, e.state, e.attempt - e.uncounted as attempt,
e.created_at, e.due_at, e.transmitted_at, e.settled_at, e.smtp_code, e.reason"""

_WAITS = f"e.{WAITS}"
_ON_ITS_WAY = "e.state in ('sending', 'transmitting')"
_ENDED_BADLY = "e.state in ('failed', 'unknown', 'withheld')"
_NOT_SENT = f"({_WAITS} or {_ON_ITS_WAY} or {_ENDED_BADLY})"

CONDITIONS: dict[str | None, str] = {
    None: _NOT_SENT,
    "sent": "e.state = 'sent'",
    **{state: f"{_WAITS} and e.state = '{state}'" for state in ("pending", "retry")},
    **{state: f"{_ON_ITS_WAY} and e.state = '{state}'" for state in ("sending", "transmitting")},
    **{state: f"{_ENDED_BADLY} and e.state = '{state}'" for state in ("failed", "unknown", "withheld")},
}
"""By the state that is asked for, in words that an index was made with: the many that were sent are passed over."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mails; without a state all that were not sent. `queued_before`: the older ones alone."""

    state: str | None = None
    agency: str | None = None
    client_id: UUID | None = None
    template: str | None = None
    queued_before: datetime | None = None


async def page(database: Database, wanted: Wanted, before: UUID | None, limit: int) -> list[Any]:
    """Newest first."""
    of = [
        "e.agency = $1" if wanted.agency else "$1::text is null",
        "e.client_id = $2" if wanted.client_id else "$2::uuid is null",
    ]
    return await database.fetch(
        f"""select {_SHOWN} from emails e
             where {CONDITIONS[wanted.state]} and {" and ".join(of)}
               and ($3::text is null or e.template = $3) and ($4::timestamptz is null or e.created_at < $4)
               and ($5::uuid is null or e.id < $5)
             order by e.id desc limit $6""",  # noqa: S608  # constant pieces; values are parameters
        wanted.agency,
        wanted.client_id,
        wanted.template,
        wanted.queued_before,
        before,
        limit,
    )


async def one(database: Database, email_id: UUID, domain: str) -> dict[str, Any] | None:
    """A mail with its Message-ID as a mail server's log has it; None where there is none."""
    row = await database.fetchrow(
        f"select {_SHOWN}, e.content from emails e where e.id = $1",  # noqa: S608  # constant pieces
        email_id,
    )
    if row is None:
        return None
    mail = dict(row)
    content = mail.pop("content")
    id_ = message_id(mail["template"], mail["cause_id"], mail["recipient"], mail["resend"], domain)
    return {**mail, "message_id": id_ if content is None else message_id_of(content)}


async def copies(database: Database, mail: dict[str, Any]) -> Sequence[Any]:
    """All that was sent of it, to whichever address: the mail itself among them, the first first."""
    return await database.fetch(
        f"""select {_SHOWN} from emails e
             where e.template = $1 and e.cause_id = $2 and e.agency = $3 order by e.resend, e.id""",  # noqa: S608  # constant pieces
        mail["template"],
        mail["cause_id"],
        mail["agency"],
    )


def unrecognised(mail: dict[str, Any]) -> dict[str, Any]:
    """With the recipient masked: whoever runs the service has no need of it."""
    return {**mail, "recipient": masked(mail["recipient"])}


async def standing_of(uow: UnitOfWork, email_id: UUID) -> Any:
    """Its agency and state; None where there is none."""
    rows = await uow.connection.fetch("select agency, state from emails where id = $1", email_id)
    return rows[0] if rows else None


async def hurry(uow: UnitOfWork, email_id: UUID) -> str | None:
    """A mail that waits is due now: its state. None where it does not wait."""
    rows = await uow.connection.fetch(
        f"update emails set due_at = least(due_at, $2) where id = $1 and {WAITS} returning state",  # noqa: S608  # constant pieces
        email_id,
        uow.now,
    )
    return rows[0]["state"] if rows else None
