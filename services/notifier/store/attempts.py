"""The attempts at mails that did not end well, the newest of each; the one that did stands with the mail itself."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.attempts import KEPT
from services.notifier.domain.mail import Mail


async def note(uow: UnitOfWork, mails: Sequence[Mail]) -> None:
    """Keeps what the attempts came to that have just ended; a later answer to the same attempt takes its place."""
    ended = [(mail.id, mail.attempt, mail.tried) for mail in mails if mail.tried is not None]
    if not ended:
        return
    ids, numbers, tries = (list(each) for each in zip(*ended, strict=True))
    await uow.connection.execute(
        """insert into email_attempts (email_id, attempt, at, phase, smtp_code, enhanced_code, reason)
           select * from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::int[], $6::text[], $7::text[])
           on conflict (email_id, attempt) do update
              set at = excluded.at, phase = excluded.phase, smtp_code = excluded.smtp_code,
                  enhanced_code = excluded.enhanced_code, reason = excluded.reason""",
        ids,
        numbers,
        [each.at for each in tries],
        [each.phase for each in tries],
        [each.smtp_code for each in tries],
        [each.enhanced_code for each in tries],
        [each.reason for each in tries],
    )
    if any(number > KEPT for number in numbers):
        await uow.connection.execute(
            """delete from email_attempts a using unnest($1::uuid[], $2::int[]) n(id, attempt)
                where a.email_id = n.id and a.attempt <= n.attempt - $3::int""",
            ids,
            numbers,
            KEPT,
        )


async def of(database: Database, email_id: UUID) -> list[Any]:
    """The attempts at a mail, the oldest first; the one with which it was sent is the last."""
    return await database.fetch(
        """select at, phase, smtp_code, enhanced_code, reason from (
             select attempt, at, phase, smtp_code, enhanced_code, reason from email_attempts where email_id = $1
             union all
             select attempt, settled_at, 'content', smtp_code, null, null from emails
              where id = $1 and state = 'sent' and transmitted_at is not null) t
            order by attempt, at""",
        email_id,
    )
