"""The gate: while it is held no mail is taken, and no content goes out. One row, the same for every replica."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from chassis.announce import Source
from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.addresses import masked
from services.notifier.domain.draft import message_id
from services.notifier.domain.message import message_id_of
from services.notifier.store import circuits
from services.notifier.store.turns import WAITS

ITSELF = "the notifier itself"
NEW = "new database"
ALL_READ = "all that was said of mails has been read"
BEGINNING_GONE = "new database, and the beginning of notification-events is gone"
_IS_NEW = "held and by = $1 and why = $2"
"""As the migrations leave a new database. Whoever holds the gate changes this, so that only a person opens it then."""

RESENT = """exists (select from emails k
                  where k.template = e.template and k.cause_id = e.cause_id and k.resend > e.resend
                    and (k.recipient = e.recipient or k.recipient_chosen))"""

UNMADE = "e.reason = 'internal_error'"
"""Of mails that wait: their content could not be made."""

# Two conditions on the state of what goes out: the first is that of an index.
STANDING = f"""
select held, since, by, why, (select count(*) from emails e where e.{WAITS}) as would_send,
       (select count(*) from recalled_mails) as recalled,
       transmitting, transmitting_since, unknown, unknown_since, unmade, unmade_since
  from mail_gate,
       (select count(*), min(transmitted_at) from emails
         where state in ('sending', 'transmitting') and state = 'transmitting') t (transmitting, transmitting_since),
       (select count(*), min(settled_at) from emails e
         where state = 'unknown' and settled_at > now() - interval '30 days'
           and not {RESENT}) u (unknown, unknown_since),
       (select count(*), min(deferred_since) from emails e where e.{WAITS} and {UNMADE}) m (unmade, unmade_since)"""  # noqa: S608  # constant text


async def standing(database: Database) -> Mapping[str, Any]:
    """Whether mails are held, since when and why; how many wait; how many the topic has recalled; how many are being
    handed over; of how many nobody knows whether they arrived: those of 30 days that nobody had sent again; how many
    wait since we cannot make them. Beside it the mail servers that take none."""
    shut = [asdict(each) for each in await circuits.every(database) if each.state != "closed"]
    return {"mails": dict(await database.fetchrow(STANDING)), "mail_servers": shut}


async def read(uow: UnitOfWork) -> dict[str, Any]:
    """The gate as this transaction sees it: held, since, by, why."""
    (row,) = await uow.connection.fetch("select held, since, by, why from mail_gate")
    return dict(row)


async def would_send(source: Source, domain: str, limit: int) -> list[dict[str, Any]]:
    """The mails that would go out, oldest first, each with the Message-ID that a mail server's log has; recipients
    masked."""
    rows = await source.fetch(
        f"""select e.id, e.client_id, e.agency, e.template, e.cause_id, e.recipient, e.resend, e.state, e.created_at,
                   e.content
              from emails e where e.{WAITS} order by e.due_at, e.id limit $1""",  # noqa: S608  # constant text
        limit,
    )
    shown = []
    for row in rows:
        mail = dict(row)
        content, cause_id = mail.pop("content"), mail.pop("cause_id")
        id_ = message_id(row["template"], cause_id, row["recipient"], row["resend"], domain)
        mail["message_id"] = id_ if content is None else message_id_of(content)
        shown.append({**mail, "recipient": masked(row["recipient"])})
    return shown


async def waiting(uow: UnitOfWork) -> int:
    """How many go out once the gate is open."""
    return int(await uow.connection.fetchval(f"select count(*) from emails e where e.{WAITS}"))  # noqa: S608  # constant pieces


async def which_wait(uow: UnitOfWork, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the mails that wait."""
    rows = await uow.connection.fetch(
        f"select e.id from emails e where e.id = any($1::uuid[]) and e.{WAITS}",  # noqa: S608  # constant pieces
        ids,
    )
    return {row["id"] for row in rows}


async def hold(uow: UnitOfWork, by: str, why: str) -> None:
    """Nothing goes out from now on but what is on its way already. Held again without a reason, the first one stays."""
    await uow.connection.execute(
        """update mail_gate set since = case when held then since else $1 end, held = true, by = $2,
                  why = case when held and $3 = '' then why else $3 end""",
        uow.now,
        by,
        why,
    )


async def release(uow: UnitOfWork, by: str, why: str) -> None:
    """What waits goes out."""
    await uow.connection.execute("update mail_gate set held = false, since = $1, by = $2, why = $3", uow.now, by, why)


async def is_new(database: Database) -> bool:
    """Whether the gate is held because the database is new, and by nobody since."""
    return await database.fetchrow(f"select from mail_gate where {_IS_NEW}", ITSELF, NEW) is not None


async def open_new(uow: UnitOfWork, topic: str, ends: Mapping[int, int]) -> bool:
    """Opens the gate of a new database where all of the topic up to these ends has been handled, nothing left out."""
    opened = await uow.connection.execute(
        f"""update mail_gate set held = false, since = $3, why = $4
             where {_IS_NEW}
               and not exists (select from unnest($6::int[], $7::bigint[]) said(partition, ends)
                                 left join consumer_offsets o on o.topic = $5 and o.partition = said.partition
                                where coalesce(o.next_offset, 0) < said.ends)
               and not exists (select from offset_acceptances where topic = $5)
               and not exists (select from held_events where topic = $5 and settled_at is null)""",  # noqa: S608  # constant pieces
        ITSELF,
        NEW,
        uow.now,
        ALL_READ,
        topic,
        list(ends),
        list(ends.values()),
    )
    return bool(opened == "UPDATE 1")


async def keep(uow: UnitOfWork) -> bool:
    """Leaves the gate of a new database to a person."""
    kept = await uow.connection.execute(
        f"update mail_gate set why = $3 where {_IS_NEW}",  # noqa: S608  # constant pieces
        ITSELF,
        NEW,
        BEGINNING_GONE,
    )
    return bool(kept == "UPDATE 1")
