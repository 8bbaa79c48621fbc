"""Sweeps mails whose worker did not come back: not yet handed over is tried again, handed over is unknown."""

import structlog

from chassis.db import Database
from services.notifier.domain.mail import lease_ran_out
from services.notifier.outcomes import event_of
from services.notifier.store import deliveries

log = structlog.get_logger(__name__)

AT_ONCE = 200


async def sweep(database: Database) -> int:
    """One batch of expired leases; answers how many."""
    async with database.unit_of_work() as uow:
        expired = await deliveries.lock_expired(uow, AT_ONCE)
        if not expired:
            return 0
        settled = [lease_ran_out(held.mail, uow.now) for held in expired]
        await deliveries.save(uow, settled)
        for held, after in zip(expired, settled, strict=True):
            event = event_of(held, after)
            if event is not None:
                uow.publish(event, held.cause)
    log.warning("mail leases ran out", mails=len(settled), unknown=sum(mail.state == "unknown" for mail in settled))
    return len(settled)
