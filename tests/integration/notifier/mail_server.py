"""A mail server that answers as a test tells it to, and keeps what it was given."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


@dataclass
class MailServer:
    """`rcpt` and `data` hold the answers to come, first to last; without any, everything is accepted.

    `start`: each `wait` there keeps one DATA from being answered until `released`.

    An answer `drop` hangs up instead; `wait` waits for `released` and then gives the answer behind it, or accepts.
    `offered` are the contents that came in whole, whatever was answered; `accepted` those answered with 250.
    `pipelines`: it says that it takes several commands at once. `tls`: what it encrypts with, from the first byte on
    where `implicit`, else when asked. `login`: the only user name and password that may send. `senders` counts MAIL,
    `in_the_clear` those without TLS.
    """

    port: int = 0
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    mail: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=list)
    offered: list[bytes] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    senders: int = 0
    in_the_clear: int = 0
    pipelines: bool = False
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    login: tuple[bytes, bytes] | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_EHLO(
        self, _server: SMTP, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *["250-PIPELINING"] * self.pipelines, responses[-1]]

    async def handle_MAIL(self, server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        self.senders += 1
        self.in_the_clear += server.transport is None or server.transport.get_extra_info("ssl_object") is None
        answer = self.mail.pop(0) if self.mail else "250 ok"
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(self, server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        answer = await self.when_released(self.rcpt.pop(0) if self.rcpt else "250 ok")
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
        answer = await self.when_released(answer)
        if answer.startswith("250"):
            self.accepted.append(envelope.content)
            self.recipients += envelope.rcpt_tos
        return answer

    async def when_released(self, answer: str) -> str:
        if not answer.startswith("wait"):
            return answer
        await self.released.wait()
        return answer.removeprefix("wait").lstrip() or "250 ok"

    def speaking(self) -> SMTP:
        """The server's side of one connection."""
        self.connections += 1
        return _Speaking(
            self,
            enable_SMTPUTF8=True,
            hostname="mail.test",
            timeout=60,
            tls_context=None if self.implicit else self.tls,
            auth_required=self.login is not None,
            authenticator=self._authenticate,
        )

    def _authenticate(self, _server: SMTP, _session: Any, _envelope: Any, _how: str, said: Any) -> AuthResult:
        right = isinstance(said, LoginPassword) and (said.login, said.password) == self.login
        return AuthResult(success=right, handled=False)


class _Speaking(SMTP):
    async def smtp_DATA(self, arg: str) -> None:
        scripted = self.event_handler
        if scripted.start:
            await scripted.when_released(scripted.start.pop(0))
        await super().smtp_DATA(arg)


def hang_up(server: SMTP) -> None:
    """Ends the connection without a word."""
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()


@asynccontextmanager
async def mail_server(scripted: MailServer | None = None) -> AsyncIterator[MailServer]:
    """A server on a free port."""
    scripted = scripted or MailServer()
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        protocols.append(scripted.speaking())
        return protocols[-1]

    factory: Callable[[], Any] = protocol
    tls = scripted.tls if scripted.implicit else None
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, ssl=tls)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        scripted.released.set()
        server.close()
        for each in protocols:
            hang_up(each)
        await asyncio.sleep(0)
