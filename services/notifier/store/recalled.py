"""What the topic remembers of mails that the table has lost, and the mails that are settled by it."""

from collections.abc import Sequence
from uuid import UUID

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.recalling import Recall

# By cause and not by recipient, which no event carries: every template that goes to one recipient a cause.
_SETTLE = """
update emails e set state = r.state, settled_at = r.at, smtp_code = r.smtp_code, reason = null
  from (select distinct on (client_id, template, cause_id) * from recalled_mails
         order by client_id, template, cause_id, at desc) r
 where e.client_id = r.client_id and e.template = r.template and e.cause_id = r.cause_id and e.resend = 0
   and e.state in ('pending', 'retry')
   and not exists (select from emails k where k.id = r.email_id)"""


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Recall]:
    """Which mails are known; an answer for each."""
    rows = await uow.connection.fetch(
        """select id from emails where id = any($1::uuid[])
           union all select email_id from recalled_mails where email_id = any($1::uuid[])""",
        keys,
    )
    known = {row["id"] for row in rows}
    return {key: Recall(key in known) for key in keys}


async def save(uow: UnitOfWork, changes: Sequence[Change[UUID, Recall]]) -> None:
    """Keeps what was said of mails that are not known, and settles by it what waits to be sent."""
    said = [(key, change.after.outcome, change.after.state) for change in changes for key in [change.key]]
    await uow.connection.copy_records_to_table(
        "recalled_mails",
        columns=["email_id", "template", "cause_id", "client_id", "state", "smtp_code", "at"],
        records=[
            (key, outcome.template, outcome.cause_id, outcome.client_id, state, outcome.smtp_code, outcome.at)
            for key, outcome, state in said
            if outcome is not None
        ],
    )
    await settle(uow)


async def settle(uow: UnitOfWork) -> None:
    """Mails that wait although the topic tells what became of them are settled as it says."""
    if await uow.connection.fetchval("select exists (select from recalled_mails)"):
        await uow.connection.execute(_SETTLE)
