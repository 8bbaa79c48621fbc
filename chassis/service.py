"""What a service is: its name, what it hears, its routes and loops; and what it has open while it runs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from fastapi import APIRouter

from chassis.announce import Announcer
from chassis.db import Database
from chassis.handling import Subscription
from chassis.heartbeats import Heartbeats
from chassis.jobs import Job
from chassis.kafka import Clients
from chassis.projections import Projection
from chassis.seal import Seal
from chassis.settings import CommonSettings, ServiceSettings
from chassis.streams import Streams
from chassis.tokens import Tokens
from schemas.envelope import Catalogue


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a client's way, for `aktivera trace`. `what` is a code, `detail` names no personal number."""

    at: datetime
    what: str
    detail: dict[str, Any] = field(default_factory=dict)


class Served(Protocol):
    """What every process that answers over HTTP has open, with a database or without."""

    @property
    def tokens(self) -> Tokens: ...
    @property
    def heartbeats(self) -> Heartbeats: ...
    @property
    def streams(self) -> Streams: ...
    @property
    def stop(self) -> asyncio.Event: ...


@dataclass(frozen=True)
class Context:
    """What a running service has open. `stop` is set when the process is told to end; streams end with it."""

    service: "Service"
    common: CommonSettings
    settings: ServiceSettings
    database: Database
    tokens: Tokens
    heartbeats: Heartbeats
    seal: Seal
    kafka: Clients = field(default_factory=Clients)
    streams: Streams = field(default_factory=Streams)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    @cached_property
    def subscriptions(self) -> dict[str, Subscription]:
        """By the topic's name as it is in Kafka; `chassis.readers` adds those that come while the service runs."""
        return {self.common.topic_prefix + each.topic: each for each in self.service.subscriptions}


Loop = Callable[[Context], Awaitable[None]]
"""Runs until cancelled; beats `context.heartbeats` under its own name at least every few seconds."""

Trace = Callable[[Database, str | None, str | None], Awaitable[Sequence[Step]]]
"""(database, client_id, correlation_id) → the steps this service knows of."""


@dataclass(frozen=True)
class Service:
    """Everything that `chassis.lifecycle.main` needs to run one service."""

    name: str
    description: str
    settings: type[ServiceSettings]
    catalogue: Catalogue
    migrations: Path
    subscriptions: tuple[Subscription, ...] = ()
    routers: tuple[APIRouter, ...] = ()
    largest_bodies: Mapping[str, int] = field(default_factory=dict)
    """Path → bytes, for the few routes that take more than the usual."""
    jobs: Callable[[Any], tuple[Job, ...]] = lambda _settings: ()
    """Given the settings: the jobs that go by them."""
    loops: dict[str, Loop] = field(default_factory=dict)
    announcers: tuple[Announcer, ...] = ()
    projections: tuple[Projection, ...] = ()
    trace: Trace | None = None
    standing: Callable[[Database], Awaitable[Mapping[str, Any]]] | None = None
    """Facts of its own that the service adds to its status."""
    gauges: Callable[[Database], Awaitable[None]] | None = None
    """Sets gauges of its own as the database stands, each time that the metrics are asked for."""
    check: Callable[[Any], None] | None = None
    """Given the settings before anything is opened; a ValueError or OSError ends the start with its text."""
    check_stored: Callable[[Database], Awaitable[None]] | None = None
    """As `check`, for what the stored data need: done before any work is taken, or once the database can be had."""
    further: Callable[[Database], Awaitable[Mapping[str, Subscription]]] | None = None
    """Subscriptions that come, pause and go while the service runs, by the name of each one's own reader."""
