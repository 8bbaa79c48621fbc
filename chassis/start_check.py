"""What the stored data need is looked at before a service takes work, or as soon as its database can be had."""

import asyncio

import asyncpg
import structlog

from chassis.failures import NotNow
from chassis.service import Context

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
AGAIN_SECONDS = 2.0


async def looked(context: Context) -> bool:
    """Whether it could be looked at; false where the database is away or not migrated yet. Raises ValueError."""
    check = context.service.check_stored
    if check is None:
        return True
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await check(context.database)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, NotNow):
        return False  # /health/ready says what is wrong with the database
    return True


async def look_until_seen(context: Context) -> None:
    """A loop: looks again until the database can be had. Raises ValueError, which ends the process."""
    while True:
        try:
            if await looked(context):
                break
        except ValueError as fact:
            log.error("what is stored cannot be used", detail=str(fact))
            raise
        await asyncio.sleep(AGAIN_SECONDS)
    await asyncio.Event().wait()
