"""A service without a database, whose state can be thrown away: run as the others are, with routes and loops."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import uvloop
from fastapi import APIRouter, FastAPI
from pydantic import ValidationError

from chassis import health, logs
from chassis.app import bare_app, include
from chassis.clock import Clock, system_clock
from chassis.heartbeats import Heartbeats
from chassis.lifecycle import http_server, until, until_told
from chassis.settings import CommonSettings, HttpSettings
from chassis.streams import Streams
from chassis.tokens import Tokens


@dataclass(frozen=True)
class StatelessService:
    """Its name, routes and loops; `open` makes what it keeps in memory, given its settings."""

    name: str
    description: str
    settings: type[HttpSettings]
    open: Callable[[CommonSettings, Any], Any]
    routers: tuple[APIRouter, ...] = ()
    loops: dict[str, Callable[["StatelessContext"], Awaitable[None]]] = field(default_factory=dict)


@dataclass(frozen=True)
class StatelessContext:
    """What it has open. `stop` is set when the process is told to end; streams end with it."""

    service: StatelessService
    common: CommonSettings
    settings: HttpSettings
    tokens: Tokens
    heartbeats: Heartbeats
    state: Any
    clock: Clock = system_clock
    streams: Streams = field(default_factory=Streams)
    stop: asyncio.Event = field(default_factory=asyncio.Event)


def opened(service: StatelessService, common: CommonSettings, settings: HttpSettings) -> StatelessContext:
    """What a service has open, without any loop running."""
    return StatelessContext(service, common, settings, Tokens(common), Heartbeats(), service.open(common, settings))


def create_app(context: StatelessContext) -> FastAPI:
    service = context.service
    app = bare_app(context, service.name, service.description)
    app.include_router(health.bare_router)
    include(app, service.routers)
    return app


def main(service: StatelessService) -> None:
    """Runs the service until SIGTERM or SIGINT. Exits 0 after an orderly end, 2 where settings are wrong, else 1."""
    try:
        common, settings = CommonSettings(), service.settings()
    except (ValidationError, ValueError, OSError) as error:
        sys.stderr.write(f"{service.name}: settings are wrong\n{error}\n")
        sys.exit(2)
    logs.configure(service.name, common.log_level)
    sys.exit(uvloop.run(_run(service, common, settings)))


async def _run(service: StatelessService, common: CommonSettings, settings: HttpSettings) -> int:
    context = opened(service, common, settings)
    loops = {name: until(context.stop, run(context)) for name, run in service.loops.items()}
    server = http_server(create_app(context), settings)
    return await until_told(server, loops, context.heartbeats, context.stop, _nothing_to_close)


async def _nothing_to_close() -> None:
    pass
