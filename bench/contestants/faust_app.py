"""What both Faust contestants share: the app without tables and web, and its worker on uvloop."""

import asyncio
from typing import Any

import faust
import uvloop

from bench.contestants.running import Work
from chassis.lifecycle import calm_collector


def app_of(work: Work) -> Any:
    return faust.App(
        work.group,
        broker=f"kafka://{work.kafka}",
        store="memory://",
        datadir=work.folder,
        value_serializer="raw",
        key_serializer="raw",
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        web_enabled=False,
    )


def work_until_told(app: Any) -> None:
    """Runs the app until SIGTERM."""
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    calm_collector()
    faust.Worker(app, loop=loop, loglevel="warning", redirect_stdouts=False).execute_from_commandline()
