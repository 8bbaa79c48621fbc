"""The gate: while it is held no mail is taken for delivery. One row, so that every replica sees the same."""

from collections.abc import Mapping
from typing import Any

from chassis.announce import Source
from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.addresses import masked

WAITING = "e.state in ('pending', 'retry')"


async def standing(database: Database) -> Mapping[str, Any]:
    """Whether mails are held, since when and why; how many wait; how many the topic has recalled."""
    row = await database.fetchrow(
        f"""select held, since, by, why, (select count(*) from emails e where {WAITING}) as would_send,
                   (select count(*) from recalled_mails) as recalled from mail_gate"""  # noqa: S608  # constant text
    )
    return {"mails": dict(row)}


async def would_send(source: Source, limit: int) -> list[dict[str, Any]]:
    """The mails that would go out, oldest first; recipients masked."""
    rows = await source.fetch(
        f"""select e.id, e.client_id, e.agency, e.template, e.recipient, e.resend, e.state, e.created_at
              from emails e where {WAITING} order by e.due_at, e.id limit $1""",  # noqa: S608  # constant text
        limit,
    )
    return [{**row, "recipient": masked(row["recipient"])} for row in rows]


async def hold(uow: UnitOfWork, by: str, why: str) -> None:
    """Nothing goes out from now on but what is on its way already."""
    await uow.connection.execute(
        """update mail_gate set since = case when held then since else $1 end, held = true, by = $2, why = $3""",
        uow.now,
        by,
        why,
    )


async def release(uow: UnitOfWork, by: str, why: str) -> None:
    """What waits goes out."""
    await uow.connection.execute("update mail_gate set held = false, since = $1, by = $2, why = $3", uow.now, by, why)


async def give_up(uow: UnitOfWork, ids: list[Any]) -> int:
    """Mails that a person says were sent: they count as unknown, and go out no more by themselves."""
    done = await uow.connection.execute(
        f"""update emails e set state = 'unknown', settled_at = $2, reason = 'email_outcome_unknown'
             where e.id = any($1::uuid[]) and {WAITING}""",  # noqa: S608  # constant text
        ids,
        uow.now,
    )
    return int(done.split()[-1])
