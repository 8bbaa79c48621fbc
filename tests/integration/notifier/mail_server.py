"""A mail server that answers as a test tells it to, and keeps what it was given."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class MailServer:
    """`rcpt` and `data` hold the answers to come, first to last; without any, everything is accepted.

    An answer `drop` hangs up instead; `wait` waits for `released` and then gives the answer behind it, or accepts.
    `offered` are the contents that came in whole, whatever was answered; `accepted` those answered with 250.
    """

    port: int = 0
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    mail: list[str] = field(default_factory=list)
    offered: list[bytes] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_MAIL(self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        answer = self.mail.pop(0) if self.mail else "250 ok"
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(self, server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        answer = self.rcpt.pop(0) if self.rcpt else "250 ok"
        if answer == "drop":
            hang_up(server)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:
        self.offered.append(envelope.content)
        answer = self.data.pop(0) if self.data else "250 ok"
        if answer == "drop":
            hang_up(server)
            return "250 ok"
        if answer.startswith("wait"):
            await self.released.wait()
            answer = answer.removeprefix("wait").lstrip() or "250 ok"
        if answer.startswith("250"):
            self.accepted.append(envelope.content)
            self.recipients += envelope.rcpt_tos
        return answer


def hang_up(server: SMTP) -> None:
    """Ends the connection without a word."""
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """A server on a free port."""
    scripted = MailServer()
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        scripted.connections += 1
        protocols.append(SMTP(scripted, enable_SMTPUTF8=True, hostname="mail.test", timeout=60))
        return protocols[-1]

    factory: Callable[[], Any] = protocol
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        scripted.released.set()
        server.close()
        for each in protocols:
            hang_up(each)
        await asyncio.sleep(0)
