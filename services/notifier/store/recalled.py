"""What the topic says became of mails, where the table does not know it, and the mails that are settled by it."""

from collections.abc import Sequence
from uuid import UUID

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.mail import FINAL
from services.notifier.domain.recalling import Recall
from services.notifier.store import mailed

# A mail that the table had when it was set back: whatever it was doing then, and whoever has taken it since.
_SETTLE_BY_ID = """
update emails e set state = r.state, settled_at = r.at, smtp_code = r.smtp_code, reason = null,
       lease_until = null, worker = null
  from recalled_mails r
 where e.id = any($1::uuid[]) and r.email_id = e.id and e.state not in ('sent', 'failed')"""

# A mail that was made anew has another id. By cause and not by recipient, which no event carries: every template that
# goes to one recipient a cause. What is said of a mail that we have is said of that mail alone. Two conditions on the
# state in place of one, since each is that of an index.
_SETTLE_BY_CAUSE = """
update emails e set state = r.state, settled_at = r.at, smtp_code = r.smtp_code, reason = null,
       lease_until = null, worker = null
  from (select distinct on (client_id, template, cause_id) * from recalled_mails k
         where not exists (select from emails known where known.id = k.email_id)
         order by client_id, template, cause_id, at desc) r
 where e.client_id = r.client_id and e.template = r.template and e.cause_id = r.cause_id and e.resend = 0
   and (e.state in ('pending', 'retry') or e.state in ('sending', 'transmitting'))"""


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Recall]:
    """What is known of the end of each mail; an answer for each. One that waits or is under way has none yet."""
    rows = await uow.connection.fetch(
        """select email_id as id, state from recalled_mails where email_id = any($1::uuid[])
           union all select id, state from emails where id = any($1::uuid[]) and state = any($2)""",
        keys,
        FINAL,
    )
    known = {row["id"]: row["state"] for row in rows}
    theirs = await mailed.load(uow, keys)
    return {key: Recall(known.get(key), mailed=theirs.get(key)) for key in keys}


async def save(uow: UnitOfWork, changes: Sequence[Change[UUID, Recall]]) -> None:
    """Keeps what was said of mails whose end is not known, and settles by it what would be sent."""
    said = [(change.key, change.after) for change in changes]
    await mailed.save(uow, {key: recall.mailed for key, recall in said if recall.mailed is not None})
    await uow.connection.executemany(
        """insert into recalled_mails (email_id, template, cause_id, client_id, state, smtp_code, at)
           values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (email_id) do update
             set state = excluded.state, smtp_code = excluded.smtp_code, at = excluded.at""",
        [
            (key, told.template, told.cause_id, told.client_id, recall.state, told.smtp_code, told.at)
            for key, recall in said
            if (told := recall.outcome) is not None
        ],
    )
    await uow.connection.execute(_SETTLE_BY_ID, [key for key, _ in said])
    await settle(uow)


async def settle(uow: UnitOfWork) -> None:
    """Mails that were made anew although the topic tells what became of them are settled as it says."""
    if await uow.connection.fetchval("select exists (select from recalled_mails)"):
        await uow.connection.execute(_SETTLE_BY_CAUSE)
