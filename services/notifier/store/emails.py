"""Mails as an agency sees them: its list, one of them, and sending one again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from chassis.db import Database
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.draft import Draft, Sending
from services.notifier.store.people import HAS_TO_DO_WITH
from services.notifier.store.queue import queue

EmailKey = tuple[str, UUID]
"""The agency that asks, and a mail's id."""

_SELECT = """select id, template, recipient, resend, client_id, client_name, locale, test, requested_by, state, attempt,
                    created_at, due_at, settled_at, smtp_code, reason
               from emails"""

_OWN = f"({{sub}}::text is null or {HAS_TO_DO_WITH})"


async def page(
    database: Database,
    agency: str,
    q: str | None,
    state: str | None,
    before: UUID | None,
    limit: int,
    only_of: str | None = None,
) -> list[Any]:
    """Newest first: ids are ordered by time. `only_of`: of somebody's own clients alone."""
    return await database.fetch(
        _SELECT
        + f""" where agency = $1 and ($2::text is null or state = $2) and ($3::uuid is null or id < $3)
                and ($4::text is null
                     or strpos(lower(client_name), lower($4)) > 0 or strpos(lower(recipient), lower($4)) > 0)
                and {_OWN.format(sub="$6")}
              order by id desc limit $5""",  # our own names
        agency,
        state,
        before,
        q,
        limit,
        only_of,
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
    """The latest of a mail and its resends; their rows are locked, so that resends count one after the other."""
    found = {}
    for key in keys:
        rows = await uow.connection.fetch(
            """with asked as (select template, cause_id, recipient from emails where agency = $1 and id = $2)
               select e.* from emails e join asked using (template, cause_id, recipient)
                where e.agency = $1 order by e.resend for update of e""",
            *key,
        )
        if rows:
            since = uow.now - timedelta(days=1)
            today = sum(row["resend"] > 0 and row["created_at"] > since for row in rows)
            found[key] = Sending(_draft(rows[-1]), rows[-1]["state"], today)
    return found


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
        reader=row["reader"],
        superseded=row["superseded_at"] is not None,
    )
