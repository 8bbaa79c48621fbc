"""What the topic says became of mails, where the table does not know it, and the mails that are settled by it."""

from collections.abc import Collection, Sequence
from uuid import UUID

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.mail import FINAL
from services.notifier.domain.recalling import Recall
from services.notifier.store import mailed
from services.notifier.store.turns import WAITS

_REASON = """case when {state} = 'sent' then null when {state} = 'unknown' then 'email_outcome_unknown'
                   when {code} between 400 and 499 then 'email_deferred' else 'email_rejected' end"""

# A mail that the table had when it was set back: whatever it was doing then, and whoever has taken it since.
_SETTLE_BY_ID = f"""
update emails e set state = r.state, settled_at = r.at, smtp_code = r.smtp_code,
       reason = {_REASON.format(state="r.state", code="r.smtp_code")}, content = null, lease_until = null, worker = null
  from recalled_mails r
 where e.id = any($1::uuid[]) and r.email_id = e.id and e.state not in ('sent', 'failed')"""  # noqa: S608  # own text

# A mail that was made anew has another id, and no event carries recipients: it is found by its cause. Of several to one
# cause each has an outcome where there are as many as mails, all alike; else nobody knows which mail went out, and
# each of them is unknown until more is heard. What is said of a mail that we have is said of that mail alone.
# The last lines say the states as the partial indexes do, so that no mail that is sent is read.
_SETTLE_BY_CAUSE = f"""
with said as (
  select client_id, template, cause_id, count(*) as outcomes, count(distinct state) = 1 as alike, max(at) as at,
         (array_agg(state order by at desc))[1] as state, (array_agg(smtp_code order by at desc))[1] as smtp_code
    from recalled_mails k
   where {{whose}} and not exists (select from emails known where known.id = k.email_id)
   group by client_id, template, cause_id),
told as (
  select said.*, mails = 1 or alike and outcomes >= mails as certain
    from said, lateral (select count(*) as mails from emails m
                         where m.client_id = said.client_id and m.template = said.template
                           and m.cause_id = said.cause_id and m.resend = 0) m),
came as (
  select client_id, template, cause_id, at, case when certain then state else 'unknown' end as state,
         case when certain then smtp_code end as smtp_code from told)
update emails e set state = r.state, settled_at = r.at, smtp_code = r.smtp_code,
       reason = {_REASON.format(state="r.state", code="r.smtp_code")}, content = null, lease_until = null, worker = null
  from came r
 where e.client_id = r.client_id and e.template = r.template and e.cause_id = r.cause_id and e.resend = 0
   and (e.state, e.settled_at) is distinct from (r.state, r.at)
   and (e.{WAITS} or e.state in ('sending', 'transmitting')
        or e.state in ('failed', 'unknown', 'withheld') and e.state = 'unknown' and e.transmitted_at is null)"""  # noqa: S608  # constant pieces
_OF_CLIENTS = _SETTLE_BY_CAUSE.format(whose="client_id = any($1::uuid[])")
_OF_ALL = _SETTLE_BY_CAUSE.format(whose="true")


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
    await settle(uow, {told.client_id for _, recall in said if (told := recall.outcome) is not None})


async def settle(uow: UnitOfWork, clients: Collection[UUID] | None = None) -> None:
    """Mails of these clients, of all for None, that were made anew although the topic tells what became of them are
    settled as it says."""
    if not await uow.connection.fetchval("select exists (select from recalled_mails)"):
        return
    if clients is None:
        await uow.connection.execute(_OF_ALL)
    else:
        await uow.connection.execute(_OF_CLIENTS, sorted(clients))
