"""A running onboarding service without its process."""

from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from chassis.fold import Outcome
from tests.integration.in_process import Heard, InProcess

REQUESTS = "onboarding-requests"
SOURCE = "/upstream/demo"


@dataclass(frozen=True)
class Running(InProcess):
    """Adds upstream requests with their answers, agencies, and creation over HTTP."""

    async def ask(self, *requests: dict[str, Any], at_last: bool = False) -> Outcome:
        """Hears upstream requests as one batch."""
        return await self.hear(*(Heard(REQUESTS, orjson.dumps(each)) for each in requests), at_last=at_last)

    async def create(self, body: dict[str, Any], sub: str = "karin", **claims: Any) -> httpx.Response:
        return await self.http.post("/v1/clients", json=body, headers=self.token(sub, **claims))

    async def register_agency(self, agency: str = "byra-ett") -> None:
        answer = await self.http.put(
            f"/v1/agencies/{agency}",
            json={"name": "Byrå Ett", "locale": "sv"},
            headers=self.token("anna", agency=agency, roles=["agency_admin"]),
        )
        assert answer.status_code in {200, 201}, answer.text

    async def results(self) -> list[tuple[str, dict[str, Any]]]:
        """What upstream is told: (type without prefix and version, data), in order."""
        said = await self.said("onboarding-results")
        return [
            (each["type"].removeprefix("se.aktivera.onboarding.").removesuffix(".v1"), each["data"]) for each in said
        ]
