"""A notifier without its process: its database, its routes, its delivery, and a way to let it hear events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from chassis.service import Context
from services.notifier.delivery import deliver_mails
from tests.eventually import eventually
from tests.integration.in_process import InProcess
from tests.integration.notifier.mail_server import MailServer


@dataclass(frozen=True)
class Running(InProcess):
    """Adds the mail server, further replicas, and a process's delivery."""

    server: MailServer
    replicas: list[Context]

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

    async def mail_of(self, client: UUID, state: str, within: float = 10) -> dict[str, Any]:
        """The client's only mail, once it is in that state."""

        async def probe() -> dict[str, Any]:
            (row,) = await self.rows("select * from emails where client_id = $1", client)
            assert row["state"] == state, row["state"]
            return row

        return await eventually(probe, within=within)

    async def mails_are(self, state: str, within: float = 10) -> None:
        """Every mail that has no outcome is in that state."""

        async def probe() -> bool:
            return await self.rows("select from emails where settled_at is null and state <> $1", state) == []

        await eventually(probe, within=within)

    async def all_settled(self, within: float = 10) -> None:
        async def probe() -> bool:
            return await self.rows("select from emails where settled_at is null") == []

        await eventually(probe, within=within)

    async def get(self, path: str, sub: str = "karin", **claims: Any) -> Any:
        answer = await self.http.get(path, headers=self.token(sub, **claims))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, sub: str = "karin", **options: Any) -> httpx.Response:
        return await self.http.post(path, headers=self.token(sub), **options)
