"""A running onboarding service without its process: its database, its routes, and a way to let it hear records."""

import itertools
from collections.abc import Sequence
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

KEY_ID = "test"
REQUESTS = "onboarding-requests"
SOURCE = "/upstream/demo"


@dataclass(frozen=True)
class Heard:
    """A record as Kafka would hand it over."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Running:
    """`http` speaks to the routes; `hear` handles records as one batch; `rows` looks into the tables."""

    context: Context
    http: httpx.AsyncClient
    key: RSAKey
    _offsets: "itertools.count[int]" = field(default_factory=itertools.count)

    async def hear(self, *records: Heard) -> Outcome:
        (topic,) = {record.topic for record in records}
        subscription = next(each for each in self.context.service.subscriptions if each.topic == topic)
        async with self.context.database.unit_of_work() as uow:
            fold = Fold(uow, subscription, CATALOGUE, set())
            return await fold.apply([read(record, subscription, CATALOGUE) for record in records])

    async def ask(self, *requests: dict[str, Any]) -> Outcome:
        """Hears upstream requests as one batch."""
        return await self.hear(*(Heard(REQUESTS, orjson.dumps(each)) for each in requests))

    async def follow(self, *events: Envelope[Any]) -> Outcome:
        """Hears events of activation as one batch."""
        return await self.hear(
            *(
                Heard("activation-events", event.model_dump_json(exclude_none=True).encode(), event.subject.encode())
                for event in events
            )
        )

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

    async def create(self, body: dict[str, Any], sub: str = "karin", **claims: Any) -> httpx.Response:
        return await self.http.post("/v1/clients", json=body, headers=self.token(sub, **claims))

    async def register_agency(self, agency: str = "byra-ett") -> None:
        answer = await self.http.put(
            f"/v1/agencies/{agency}",
            json={"name": "Byrå Ett", "locale": "sv"},
            headers=self.token("anna", agency=agency, roles=["agency_admin"]),
        )
        assert answer.status_code in {200, 201}, answer.text

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.context.database.fetch(query, *arguments)]

    async def said(self, topic: str | None = None) -> list[dict[str, Any]]:
        """The events that wait in the outbox, in order; of one topic, or of all."""
        rows = await self.rows("select topic, payload from outbox order by id")
        return [orjson.loads(row["payload"]) for row in rows if topic in {None, row["topic"]}]

    async def results(self) -> list[tuple[str, dict[str, Any]]]:
        """What upstream is told: (type without prefix and version, data), in order."""
        said = await self.said("onboarding-results")
        return [
            (each["type"].removeprefix("se.aktivera.onboarding.").removesuffix(".v1"), each["data"]) for each in said
        ]
