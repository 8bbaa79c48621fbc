"""Changed clients: remembered by what they are called now, which mails are given as they are taken up to be sent."""

from collections.abc import Sequence

from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.renewing import Renewed


async def remember(uow: UnitOfWork, renewed: Sequence[Renewed]) -> None:
    """Keeps the latest of each; a mail that waits is given it when it is claimed, whichever was heard first."""
    await uow.connection.execute(
        """insert into renewed_clients (client_id, name, confirmation_email, locale)
           select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
           on conflict (client_id) do update
             set name = excluded.name, confirmation_email = excluded.confirmation_email, locale = excluded.locale""",
        [each.client_id for each in renewed],
        [each.name for each in renewed],
        [each.confirmation_email for each in renewed],
        [each.locale for each in renewed],
    )
