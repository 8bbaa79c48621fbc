"""Aktivera: the chassis' consumer with activation's own handler, as the service runs it, without its HTTP."""

import asyncio
from contextlib import suppress

from bench.contestants.running import NO_LINKS, Work, run
from chassis import logs
from chassis.consumer import Consumer
from chassis.lifecycle import opened
from chassis.relay import Relay
from services.activation.__main__ import SERVICE
from services.activation.settings import ActivationSettings


async def main(work: Work) -> None:
    logs.configure("activation", "warning")
    context = await opened(SERVICE, work.common, ActivationSettings(database_dsn=work.dsn, link_keys_file=NO_LINKS))
    stop = asyncio.Event()
    loops = [Consumer(context, context.subscriptions).run(stop)]
    if work.relay:
        loops.append(Relay(context).run(stop))
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


if __name__ == "__main__":
    run(main)
