"""A running activation service without its process: its database, its routes, and a way to let it hear events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import orjson
from joserfc import jwt
from joserfc.jwk import RSAKey

from chassis.clock import system_clock
from chassis.fold import Fold, Outcome, read
from chassis.handling import Subscription
from chassis.service import Context
from chassis.tokens import ALGORITHMS
from schemas.catalogue import CATALOGUE
from schemas.envelope import Envelope

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
    """`http` speaks to the routes; `hear` handles events as one batch; `rows` looks into the tables."""

    context: Context
    http: httpx.AsyncClient
    key: RSAKey

    async def hear(self, *events: Envelope[Any]) -> Outcome:
        kinds = {CATALOGUE.type_of(event.data).topic for event in events}
        (topic,) = kinds
        subscription = self._subscription(topic)
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

    def _subscription(self, topic: str) -> Subscription:
        return next(each for each in self.context.service.subscriptions if each.topic == topic)

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

    async def activate(self, client_id: UUID | str, sub: str = "karin", **headers: str) -> httpx.Response:
        return await self.http.post(f"/v1/activations/{client_id}/activate", headers=self.token(sub) | headers)

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.context.database.fetch(query, *arguments)]

    async def said(self, client_id: UUID) -> list[dict[str, Any]]:
        """The events that wait in the outbox about one client, in order."""
        rows = await self.rows("select payload from outbox where key = $1 order by id", str(client_id))
        return [orjson.loads(row["payload"]) for row in rows]
