"""A running activation service without its process."""

from dataclasses import dataclass
from uuid import UUID

import httpx

from tests.integration.in_process import InProcess


@dataclass(frozen=True)
class Running(InProcess):
    """Adds the arrow."""

    async def activate(self, client_id: UUID | str, sub: str = "karin", **headers: str) -> httpx.Response:
        return await self.http.post(f"/v1/activations/{client_id}/activate", headers=self.token(sub) | headers)
