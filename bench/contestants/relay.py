"""The chassis' relay on a filled outbox, as the service runs it, without anything beside."""

import asyncio
from contextlib import suppress

from bench.contestants.running import NO_LINKS, Work, run
from chassis import logs
from chassis.lifecycle import opened
from chassis.relay import Relay
from services.activation.__main__ import SERVICE
from services.activation.settings import ActivationSettings


async def main(work: Work) -> None:
    logs.configure("activation", "warning")
    context = await opened(SERVICE, work.common, ActivationSettings(database_dsn=work.dsn, link_keys_file=NO_LINKS))
    stop = asyncio.Event()
    task = asyncio.create_task(Relay(context).run(stop))
    try:
        await asyncio.wait([task])
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await task


if __name__ == "__main__":
    run(main)
