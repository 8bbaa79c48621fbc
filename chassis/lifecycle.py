"""From start to end of a service's process: settings, what it opens, its loops, an end within 10 seconds."""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import ValidationError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis import announce, clock, failpoints, held_events, idempotency, logs
from chassis.app import create_app
from chassis.consumer import Consumer
from chassis.db import open_database
from chassis.heartbeats import Heartbeats, Pulse
from chassis.jobs import Job, run_jobs
from chassis.processor import schedstat
from chassis.readers import Readers
from chassis.relay import Relay
from chassis.seal import Seal
from chassis.service import Context, Loop, Service
from chassis.settings import CommonSettings, HttpSettings, ServiceSettings
from chassis.start_check import look_until_seen, looked
from chassis.streams import TRANSPORT
from chassis.tokens import Tokens

log = structlog.get_logger(__name__)

STOP_SECONDS = 6.5
"""Then a second for what is cancelled, one for the pool, and a half: in 10 all is over, also on a slow machine."""
UNHEEDED_SECONDS = 0.5
WATCHDOG_SECONDS = 2.0
STUCK_EXIT = 70
HEAD_SECONDS, READ_SECONDS = 10.0, 60.0

HOUSEKEEPING = (
    Job("forget-settled-held-events", timedelta(hours=1), held_events.forget_settled),
    Job("forget-idempotency-keys", timedelta(hours=1), idempotency.forget_old),
)


def main(service: Service) -> None:
    """Runs one service until SIGTERM or SIGINT. Exits 0 after an orderly end, 2 where settings are wrong, else 1."""
    try:
        common, settings = CommonSettings(), service.settings()
        failpoints.arm(common)
        open_seal(common)
        if service.check is not None:
            service.check(settings)
    except (ValidationError, ValueError, OSError) as error:
        sys.stderr.write(f"{service.name}: settings are wrong\n{error}\n")
        sys.exit(2)
    logs.configure(service.name, common.log_level)
    sys.exit(uvloop.run(_run(service, common, settings)))


async def opened(service: Service, common: CommonSettings, settings: ServiceSettings) -> Context:
    """What a service has open, without any loop running."""
    database = await open_database(settings, service.name, service.catalogue, clock.system_clock)
    return Context(service, common, settings, database, Tokens(common), Heartbeats(), open_seal(common))


def open_seal(common: CommonSettings) -> Seal:
    """The seal of held events. Raises ValueError, OSError where the key is missing in production or is no key."""
    if common.held_key_file is not None:
        return Seal.from_file(common.held_key_file)
    if common.environment == "production":
        raise ValueError("AKTIVERA_HELD_KEY_FILE is required in production")
    return Seal(os.urandom(32))


async def _run(service: Service, common: CommonSettings, settings: ServiceSettings) -> int:
    context = await opened(service, common, settings)
    try:
        seen = await looked(context)
    except ValueError as error:
        sys.stderr.write(f"{service.name}: cannot start\n{error}\n")
        return 2
    stop = context.stop
    app = create_app(context)
    server = http_server(app, settings)
    calm_collector()
    loops = _loops(context, app, stop, {} if seen else {"start-check": look_until_seen})
    return await until_told(server, loops, context.heartbeats, stop, context.database.close)


async def until_told(
    server: uvicorn.Server,
    loops: Mapping[str, Coroutine[Any, Any, None]],
    heartbeats: Heartbeats,
    stop: asyncio.Event,
    close: Callable[[], Awaitable[None]],
) -> int:
    """Serves and loops until SIGTERM, SIGINT or the end of a loop, then `close`s. Answers the process's exit code."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    coroutines = {"http": server.serve(), **loops}
    tasks = {name: asyncio.create_task(each, name=name) for name, each in coroutines.items()}
    _watch(heartbeats)
    log.info("started", pid=os.getpid())
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([waiting, *tasks.values()], return_when=asyncio.FIRST_COMPLETED)
    failed = ended_wrongly({name: task for name, task in tasks.items() if task in done}, asked=waiting in done)
    for name, error in failed.items():
        log.error("loop ended", loop=name, exc_info=error)
    stop.set()
    server.should_exit = True
    await _end(tasks, close)
    log.info("stopped")
    code = 1 if failed else 0
    _end_all_the_same(code)
    return code


def http_server(app: FastAPI, settings: HttpSettings) -> uvicorn.Server:
    """Uvicorn as every service runs it; not started.

    The document of its routes is made now: `chassis.doors` and `chassis.parameters` look into it, and made at the first
    request that they look at, it would hold up all others for a quarter of a second.
    """
    app.openapi()
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
        http=Impatient,
        backlog=512,
        server_header=False,
        loop="none",
    )
    return _Server(config)


def _loops(
    context: Context, app: FastAPI, stop: asyncio.Event, more: Mapping[str, Loop]
) -> dict[str, Coroutine[Any, Any, None]]:
    settings, service = context.settings, context.service
    coroutines: dict[str, Coroutine[Any, Any, None]] = {"relay": Relay(context).run(stop)}
    if settings.consume and context.subscriptions:
        app.state.consumer = Consumer(context, dict(context.subscriptions))  # and none that comes later
        coroutines["consumer"] = app.state.consumer.run(stop)
        coroutines["retrier"] = until(stop, app.state.retrier.run(context.heartbeats))
    if service.further is not None:
        app.state.readers = Readers(context)
        coroutines["readers"] = app.state.readers.run(stop)
    jobs = (*HOUSEKEEPING, *([announce.job(service.announcers)] if service.announcers else ()), *service.jobs(settings))
    coroutines["jobs"] = until(stop, run_jobs(context.database, context.heartbeats, jobs))
    for name, run in {**service.loops, **more}.items():
        coroutines[name] = until(stop, run(context))
    return coroutines


class Impatient(HttpToolsProtocol):
    """Closes a connection that sends no whole request head, or reads no answer: strangers may not use up a service."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; elsewhere the system's own patience holds
            transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * READ_SECONDS)
            )
        self._waiting = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}  # for streams, which may have to cut it

    def _give_up(self) -> None:
        if self.cycle is None:
            self.transport.close()


class _Server(uvicorn.Server):
    """Leaves signals to us: the loops and the server end together."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def until(stop: asyncio.Event, work: Awaitable[None]) -> None:
    """Runs `work` until `stop`, then cancels it and waits for its end."""
    task = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not task.done():
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def ended_wrongly(ended: Mapping[str, asyncio.Task[None]], *, asked: bool) -> dict[str, BaseException | None]:
    """Which loops should not have ended, each with its error: all where nobody `asked`, else those that raised.

    A quick one ends in the same turn of the event loop in which the end was asked for.
    """
    errors = {name: None if task.cancelled() else task.exception() for name, task in ended.items()}
    return {name: error for name, error in errors.items() if error is not None or not asked}


async def _end(tasks: dict[str, asyncio.Task[None]], close: Callable[[], Awaitable[None]]) -> None:
    _, late = await asyncio.wait(tasks.values(), timeout=STOP_SECONDS)
    for task in late:
        log.warning("loop cancelled", loop=task.get_name())
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=1.0)
    with suppress(TimeoutError):
        await asyncio.wait_for(close(), 1.0)


def _end_all_the_same(code: int) -> None:
    """In a moment, whatever does not heed its cancellation: what is committed is kept, and all else is undone."""
    end = threading.Timer(UNHEEDED_SECONDS, os._exit, (code,))
    end.daemon = True
    end.start()


def calm_collector() -> None:
    """Makes the garbage collector look rarely, and not at what is there since the start.

    A batch makes tens of thousands of objects that die by their reference counts; at Python's own thresholds the
    collector walks them all again and again and takes more than half of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)


def _watch(heartbeats: Heartbeats) -> None:
    """Exits the process when the event loop or one of the loops is stuck: a thread, since a stuck loop cannot do it."""
    pulse = Pulse(schedstat())
    loop = asyncio.get_running_loop()

    def tick() -> None:
        pulse.beat()
        loop.call_later(WATCHDOG_SECONDS, tick)

    def watch() -> None:
        while True:
            time.sleep(WATCHDOG_SECONDS)
            if pulse.stuck() or heartbeats.stuck():
                sys.stderr.write(f'{{"event": "watchdog ends the process", "stuck": "{heartbeats.stuck()}"}}\n')
                sys.stderr.flush()
                os._exit(STUCK_EXIT)

    tick()
    threading.Thread(target=watch, name="watchdog", daemon=True).start()
