"""Five agents that fail at one event of ten, each in a way that is usual with Faust. Run as a program of its own.

`python -m tests.integration.insights.faust_agents KAFKA PREFIX KIND…`, an app for each kind; it is ended from outside.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any

import faust
from mode.supervisors import CrashingSupervisor

FAILS = 3

Body = Callable[[Any], Awaitable[None]]


class Broke(Exception):  # named after the fact
    """The effect of an event could not be had."""


def number_of(value: bytes) -> int:
    return int(value)


async def plain(stream: Any) -> None:
    async for value in stream:
        if number_of(value) == FAILS:
            raise Broke


async def noack(stream: Any) -> None:
    async for event in stream.noack().events():
        if number_of(event.value) == FAILS:
            raise Broke
        event.ack()


async def take(stream: Any) -> None:
    async for values in stream.take(5, within=0.5):
        if FAILS in map(number_of, values):
            raise Broke


async def slow(stream: AsyncIterable[bytes]) -> None:
    async for value in stream:
        if number_of(value) == 0:
            await asyncio.sleep(3600)


KINDS: dict[str, tuple[Body, dict[str, Any]]] = {
    "plain": (plain, {}),
    "crashing": (plain, {"supervisor_strategy": CrashingSupervisor}),
    "noack": (noack, {}),
    "take": (take, {}),
    "concurrent": (slow, {"concurrency": 2}),
}


def app_of(kind: str, kafka: str, prefix: str) -> faust.App:
    """Its topic and its group have the same name."""
    app = faust.App(
        prefix + kind,
        broker=f"kafka://{kafka}",
        store="memory://",
        datadir=tempfile.gettempdir(),
        value_serializer="raw",
        key_serializer="raw",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        broker_commit_interval=0.2,
    )
    body, options = KINDS[kind]
    app.agent(app.topic(prefix + kind, value_type=bytes, value_serializer="raw"), **options)(body)
    return app


if __name__ == "__main__":
    kafka, prefix, *kinds = sys.argv[1:]
    apps = [app_of(kind, kafka, prefix) for kind in kinds]
    faust.Worker(*apps, loglevel="critical", redirect_stdouts=False).execute_from_commandline()
