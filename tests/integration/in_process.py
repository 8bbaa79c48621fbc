"""A service without its process: its database, its routes, and a way to let it hear records."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
from fastapi import APIRouter, FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from chassis.app import create_app
from chassis.clock import system_clock
from chassis.fold import Fold, Outcome, read
from chassis.lifecycle import opened
from chassis.service import Context, Service
from chassis.settings import CommonSettings, ServiceSettings
from chassis.stateless import StatelessService
from chassis.tokens import ALGORITHMS
from schemas.catalogue import CATALOGUE
from schemas.envelope import Envelope

KEY_ID = "test"


@dataclass
class _Made:
    """What was made for a service's routers, and serves again: most of a short test's time went into making it anew."""

    routers: tuple[APIRouter, ...]
    document: dict[str, Any]
    """A service has it before it answers. The same routers have the same one."""
    unused: list[FastAPI] = field(default_factory=list)
    """Applications that look at no route anew."""


_made: dict[str, _Made] = {}


@dataclass(frozen=True)
class Heard:
    """A record as Kafka would hand it over."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int = 0
    offset: int = 0

    @classmethod
    def of(cls, event: Envelope[Any]) -> "Heard":
        """One of our own events on its topic."""
        value = event.model_dump_json(exclude_none=True).encode()
        topic = CATALOGUE.type_of(event.data).topic
        return cls(topic, value, event.subject.encode(), (("ce_type", event.type.encode()),))


async def hear(context: Context, *heard: Heard | Envelope[Any], at_last: bool = False) -> Outcome:
    """As `InProcess.hear`."""
    records = [each if isinstance(each, Heard) else Heard.of(each) for each in heard]
    (topic,) = {record.topic for record in records}
    subscription = context.subscriptions[context.common.topic_prefix + topic]
    async with context.database.unit_of_work() as uow:
        fold = Fold(uow, subscription, CATALOGUE, {})
        fold.at_last = at_last
        return await fold.apply([read(record, subscription, CATALOGUE) for record in records])


@dataclass(frozen=True)
class InProcess:
    """`http` speaks to the routes; `hear` handles records as one batch; `rows` looks into the tables."""

    context: Context
    http: httpx.AsyncClient
    key: RSAKey

    async def hear(self, *heard: Heard | Envelope[Any], at_last: bool = False) -> Outcome:
        """Handles records of one topic as one batch. `at_last`: as where they had waited long enough."""
        return await hear(self.context, *heard, at_last=at_last)

    def token(self, sub: str = "karin", **claims: Any) -> dict[str, str]:
        """The header of somebody's bearer token: a client manager of byra-ett, unless the claims say otherwise."""
        body = {
            "iss": self.context.common.token_issuer,
            "aud": self.context.common.token_audience,
            "exp": int(system_clock().timestamp()) + 600,
            "sub": sub,
            "agency": "byra-ett",
            "roles": ["client_manager"],
            "name": sub.capitalize(),
            **claims,
        }
        return {"Authorization": f"Bearer {jwt.encode({'alg': 'RS256', 'kid': KEY_ID}, body, self.key, ALGORITHMS)}"}

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.context.database.fetch(query, *arguments)]

    async def owner_does(self, superuser_dsn: str, *statements: str) -> None:
        """As the server's owner in this database: what the service's own login may not, and what takes long."""
        server, database = superuser_dsn.rpartition("/")[0], self.context.settings.dsn.rpartition("/")[2]
        owner: asyncpg.Connection[Any] = await asyncpg.connect(f"{server}/{database}")
        try:
            for statement in statements:
                await owner.execute(statement, timeout=120)
        finally:
            await owner.close()

    async def said(self, topic: str | None = None, key: object = None) -> list[dict[str, Any]]:
        """The events that wait in the outbox, in order; of one topic or key, or all."""
        rows = await self.rows("select topic, key, payload from outbox order by id")
        wanted = [row for row in rows if topic in {None, row["topic"]} and (key is None or str(key) == row["key"])]
        return [orjson.loads(row["payload"]) for row in wanted]


@asynccontextmanager
async def in_process(
    service: Service, settings: ServiceSettings, folder: Path, key: RSAKey, **common: Any
) -> AsyncIterator[tuple[Context, httpx.AsyncClient]]:
    """What an InProcess is made of, open for as long as the block lasts."""
    keys = folder / "keys.json"
    keys.write_bytes(orjson.dumps(KeySet([key]).as_dict(private=False)))
    context = await opened(service, CommonSettings(environment="test", token_keys_file=keys, **common), settings)
    app = _application(context)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{service.name}") as http:
        yield context, http
    await context.database.pool.close()
    _made[service.name].unused.append(app)


def _application(context: Context) -> FastAPI:
    """The service's, over this context."""
    app = with_document(create_app(context), context.service)
    if not (unused := _made[context.service.name].unused):
        return app
    again = unused.pop()
    again.state.context, again.state.retrier = app.state.context, app.state.retrier
    return again


def with_document(app: FastAPI, service: Service | StatelessService) -> FastAPI:
    """The service's application with the document of its routes, which is made once in a run."""
    made = _made.get(service.name)
    if made is None or made.routers is not service.routers:
        _made[service.name] = _Made(service.routers, app.openapi())
    else:
        app.openapi_schema = made.document
    return app
