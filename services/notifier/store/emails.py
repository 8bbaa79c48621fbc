"""Mails as an agency sees them: its list, one of them, and sending one again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.db import Database
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.draft import Draft
from services.notifier.domain.resending import DAY, Copies, Sending
from services.notifier.store.people import HAS_TO_DO_WITH
from services.notifier.store.queue import queue

EmailKey = tuple[str, UUID]
"""The agency that asks, and a mail's id."""

_SELECT = """select id, template, recipient, resend, client_id, client_name, locale, test, requested_by, state, attempt,
                    uncounted, created_at, due_at, settled_at, smtp_code, reason
               from emails"""

_COPIES = """with asked as (select template, cause_id from emails where agency = $1 and id = $2)
             select e.* from emails e join asked using (template, cause_id)
              where e.agency = $1 order by e.resend, e.id for update of e"""

_OWN = f"({{sub}}::text is null or {HAS_TO_DO_WITH})"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the agency's mails. `only_of`: of somebody's own clients alone."""

    q: str | None = None
    state: str | None = None
    client_id: UUID | None = None
    template: str | None = None
    only_of: str | None = None


async def page(database: Database, agency: str, wanted: Wanted, before: UUID | None, limit: int) -> list[Any]:
    """Newest first: ids are ordered by time."""
    # Said apart, so that the client's own index is taken where one is asked for.
    client = "client_id = $7" if wanted.client_id else "$7::uuid is null"
    return await database.fetch(
        _SELECT
        + f""" where agency = $1 and ($2::text is null or state = $2) and ($3::uuid is null or id < $3)
                and ($4::text is null
                     or strpos(lower(client_name), lower($4)) > 0 or strpos(lower(recipient), lower($4)) > 0)
                and {_OWN.format(sub="$6")} and {client} and ($8::text is null or template = $8)
              order by id desc limit $5""",  # our own names
        agency,
        wanted.state,
        before,
        wanted.q,
        limit,
        wanted.only_of,
        wanted.client_id,
        wanted.template,
    )


async def one(database: Database, agency: str, email_id: UUID, only_of: str | None = None) -> Any:
    """The agency's mail, or None; `only_of`: where it is of one of somebody's own clients."""
    return await database.fetchrow(
        f"{_SELECT} where agency = $1 and id = $2 and {_OWN.format(sub='$3')}",
        agency,
        email_id,
        only_of,
    )


async def load(uow: UnitOfWork, keys: Sequence[EmailKey]) -> dict[EmailKey, Sending]:
    """All that was sent of a mail, to whichever address; its rows are locked, so that resends count one after the
    other."""
    found = {}
    for key in keys:
        rows = await uow.connection.fetch(_COPIES, *key)
        if rows:
            rows = await uow.connection.fetch(_COPIES, *key)  # whoever waited has not seen what was added meanwhile
            found[key] = _sending(rows, key[1], uow.now - DAY)
    return found


def _sending(rows: Sequence[Any], asked: UUID, since: datetime) -> Sending:
    copies: dict[str, Copies] = {}
    for row in rows:
        before = copies.get(row["recipient"])
        again = (row["created_at"],) if row["resend"] > 0 and row["created_at"] > since else ()
        copies[row["recipient"]] = Copies(_draft(row), row["state"], (*(before.resent if before else ()), *again))
    chosen = {row["recipient"]: row["created_at"] for row in rows if row["recipient_chosen"]}
    recently = sorted(at for at in chosen.values() if at > since)
    return Sending(next(row["recipient"] for row in rows if row["id"] == asked), copies, recently)


async def save(uow: UnitOfWork, changes: Sequence[Change[EmailKey, Sending]]) -> None:
    """Queues what is to be sent again."""
    await queue(uow, [change.after.queued for change in changes if change.after.queued is not None])


def _draft(row: Any) -> Draft:
    return Draft(
        template=row["template"],
        cause_id=row["cause_id"],
        recipient=row["recipient"],
        client_id=row["client_id"],
        agency=row["agency"],
        client_name=row["client_name"],
        locale=row["locale"],
        test=row["test"],
        facts=orjson.loads(row["facts"]),
        correlation_id=row["correlation_id"],
        resend=row["resend"],
        recipient_chosen=row["recipient_chosen"],
        reader=row["reader"],
        superseded=row["superseded_at"] is not None,
    )
