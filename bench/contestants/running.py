"""How a contestant is started: the same arguments, event loop and garbage collection for all, until SIGTERM."""

import argparse
import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer

from chassis.lifecycle import calm_collector
from chassis.settings import CommonSettings

NO_LINKS = Path("no-links")
"""A setting that must be there; nobody is invited here."""


@dataclass(frozen=True)
class Work:
    """Where the events are and where their effect belongs."""

    kafka: str
    prefix: str
    dsn: str
    folder: str
    relay: bool

    @property
    def topic(self) -> str:
        return f"{self.prefix}client-events"

    @property
    def group(self) -> str:
        return f"{self.prefix}{self.dsn.rpartition('/')[2]}"

    @property
    def common(self) -> CommonSettings:
        return CommonSettings(environment="test", kafka_bootstrap=self.kafka, topic_prefix=self.prefix)

    def consumer(self) -> Any:
        """A consumer of the topic from its beginning, with the fetch sizes that ours has."""
        return AIOKafkaConsumer(
            self.topic,
            bootstrap_servers=self.kafka,
            group_id=self.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )


def arguments() -> Work:
    parser = argparse.ArgumentParser()
    for name in ("kafka", "prefix", "dsn", "folder"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--relay", action="store_true")
    return Work(**vars(parser.parse_args()))


def run(main: Callable[[Work], Awaitable[None]]) -> None:
    """Runs a contestant until SIGTERM."""
    work = arguments()
    uvloop.run(_until_told(main, work))


async def _until_told(main: Callable[[Work], Awaitable[None]], work: Work) -> None:
    task = asyncio.ensure_future(main(work))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    calm_collector()
    with suppress(asyncio.CancelledError):
        await task
