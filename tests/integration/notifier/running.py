"""A notifier without its process: its database, its routes, its delivery, and a way to let it hear events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from joserfc import jwt
from joserfc.jwk import RSAKey

from chassis.clock import system_clock
from chassis.fold import Fold, Outcome, read
from chassis.service import Context
from chassis.tokens import ALGORITHMS
from schemas.catalogue import CATALOGUE
from schemas.envelope import Envelope
from services.notifier.delivery import deliver_mails
from tests.eventually import eventually
from tests.integration.notifier.mail_server import MailServer

KEY_ID = "test"


@dataclass(frozen=True)
class Heard:
    """An event as Kafka would hand it over."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    partition: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Running:
    """`http` speaks to the routes; `hear` handles events as one batch; `delivering` runs a process's delivery."""

    context: Context
    http: httpx.AsyncClient
    key: RSAKey
    server: MailServer
    replicas: list[Context] = field(default_factory=list)

    async def hear(self, *events: Envelope[Any]) -> Outcome:
        (topic,) = {CATALOGUE.type_of(event.data).topic for event in events}
        subscription = next(each for each in self.context.service.subscriptions if each.topic == topic)
        records = [
            Heard(
                topic,
                event.subject.encode(),
                event.model_dump_json(exclude_none=True).encode(),
                (("ce_type", event.type.encode()),),
            )
            for event in events
        ]
        async with self.context.database.unit_of_work() as uow:
            fold = Fold(uow, subscription, CATALOGUE, set())
            return await fold.apply([read(record, subscription, CATALOGUE) for record in records])

    @asynccontextmanager
    async def delivering(self, context: Context | None = None) -> AsyncIterator[None]:
        task = asyncio.create_task(deliver_mails(context or self.context))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def mail(self) -> dict[str, Any]:
        """The only mail there is."""
        (row,) = await self.rows("select * from emails")
        return row

    async def mail_is(self, *states: str, within: float = 10) -> dict[str, Any]:
        async def probe() -> dict[str, Any]:
            row = await self.mail()
            assert row["state"] in states, row["state"]
            return row

        return await eventually(probe, within=within)

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

    async def get(self, path: str, sub: str = "karin", **claims: Any) -> Any:
        answer = await self.http.get(path, headers=self.token(sub, **claims))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, sub: str = "karin", **options: Any) -> httpx.Response:
        return await self.http.post(path, headers=self.token(sub), **options)

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.context.database.fetch(query, *arguments)]

    async def said(self) -> list[dict[str, Any]]:
        """The events that wait in the outbox, in order."""
        return [orjson.loads(row["payload"]) for row in await self.rows("select payload from outbox order by id")]
