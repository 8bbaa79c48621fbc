"""One SMTP dialogue a mail, on a connection that is kept while all goes well."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException

from chassis.failpoints import reached
from services.notifier.domain.addresses import AddressInvalid, for_the_wire
from services.notifier.domain.mail import Accepted, Bounced, Deferred, Outcome, Unanswered
from services.notifier.settings import NotifierSettings

MOST_MAILS = 100
LONGEST_IDLE_SECONDS = 20.0  # servers close idle connections; better we do, between two mails
QUIT_SECONDS = 1.0
START_INPUT = 354
AUTHENTICATION_CODES = frozenset({530, 534, 535, 538})  # said to a recipient, they still mean our login

_SENDER_AT_FAULT = re.compile(r"5\.(?:1\.[78]|7\.(?:2[0-9]|9))(?![0-9])")
"""RFC 3463, 7372: a sender's address or domain that is not accepted. Many servers say so at the recipient."""

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)

BeforeContent = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed to the server: envelope and message."""

    sender: str
    recipient: str
    content: bytes


class Connection:
    """One worker's connection. Not for two mails at once."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._client: aiosmtplib.SMTP | None = None
        self._mails = 0
        self._last_used = 0.0

    async def deliver(self, parcel: Parcel, before_content: BeforeContent) -> Outcome:
        """The whole dialogue. `before_content` is awaited when the server waits for the content, and nothing is awaited
        between its return and the content; what it raises ends the dialogue and is raised."""
        kept = False
        try:
            outcome = await self._offer_in_time(parcel)
            if outcome is None:
                await before_content()
                outcome = await self._transmit(parcel.content)
            kept = isinstance(outcome, Accepted | Bounced)
            return outcome
        finally:
            self._last_used = time.monotonic()
            if not kept:
                self.close()

    async def _offer_in_time(self, parcel: Parcel) -> Outcome | None:
        try:
            async with asyncio.timeout(self._settings.offer_seconds):
                return await self._offer(parcel)
        except TimeoutError:
            return Deferred("mail_server_unavailable", "relay")

    async def _offer(self, parcel: Parcel) -> Outcome | None:
        """Everything before the content. None: the server waits for it."""
        try:
            recipient = for_the_wire(parcel.recipient)
        except AddressInvalid:
            return Bounced("unprocessable")
        utf8 = recipient.smtputf8
        encoding = "utf-8" if utf8 else "ascii"
        try:
            client = await self._ready()
            if utf8 and not client.supports_extension("smtputf8"):
                return Bounced("email_rejected")
            options = ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
            await client.mail(for_the_wire(parcel.sender).address, options=options, encoding=encoding)
        except (
            SMTPException,
            OSError,
            TimeoutError,
            ValueError,
        ) as error:  # whatever is wrong here, it is not the mail
            return Deferred("mail_server_unavailable", "relay", _code(error))
        try:
            await client.rcpt(recipient.address, encoding=encoding)
            await reached("notifier.after_rcpt")
            answer = await client.execute_command(b"DATA")
        except SMTPResponseException as error:
            return _refused(error.code, error.message)
        except (SMTPException, OSError, TimeoutError, ValueError):
            return Deferred("mail_server_unavailable", "relay")
        return None if answer.code == START_INPUT else _refused(answer.code, answer.message)

    async def _transmit(self, content: bytes) -> Outcome:
        """The content and its answer. aiosmtplib's own `data()` sends DATA and content in one step; here the answer to
        DATA is known, so that only a lost answer to the content leaves the outcome open."""
        protocol = self._client.protocol if self._client else None
        if protocol is None or not protocol.is_connected:
            return Deferred("mail_server_unavailable", "relay")  # it hung up meanwhile: it has nothing
        try:
            protocol.write(on_the_wire(content))
            await reached("notifier.after_dot")
            answer = await protocol.read_response(timeout=self._settings.smtp_data_timeout_seconds)
        except (SMTPException, OSError, TimeoutError):
            return Unanswered()
        await reached("notifier.after_250")
        self._mails += 1
        return accepted_or_not(answer.code, answer.message)

    async def _ready(self) -> aiosmtplib.SMTP:
        """A connection on which MAIL can be said. Raises SMTPException, OSError, TimeoutError."""
        idle = time.monotonic() - self._last_used
        if self._client is not None and (self._mails >= MOST_MAILS or idle > LONGEST_IDLE_SECONDS):
            await self.quit()
        if self._client is not None:
            try:
                await self._client.rset()
            except (SMTPException, OSError, TimeoutError):
                self.close()
            else:
                return self._client
        return await self._connect()

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            username=settings.smtp_user,
            password=settings.smtp_password,
            local_hostname=settings.mail_domain,
            timeout=settings.smtp_command_timeout_seconds,
        )
        self._client, self._mails = client, 0
        try:
            await client.connect(timeout=settings.smtp_connect_timeout_seconds)
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except BaseException:
            self.close()  # a client that failed to connect is not used again
            raise
        return client

    async def quit(self) -> None:
        """Takes leave of the server where that is quick."""
        if self._client is not None and self._client.is_connected:
            with suppress(SMTPException, OSError, TimeoutError):
                await self._client.quit(timeout=QUIT_SECONDS)
        self.close()

    def close(self) -> None:
        """Hangs up at once: a content that is not complete is thrown away by the server."""
        if self._client is not None:
            self._client.close()
        self._client = None


def on_the_wire(content: bytes) -> bytes:
    """Content with dots doubled at line starts and the final dot (RFC 5321 §4.5.2). Its lines end with CRLF already."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return _LINE_START_DOT.sub(b"..", ended) + b".\r\n"


def accepted_or_not(code: int, message: str = "") -> Outcome:
    """What the answer to the content means."""
    if code == 250:
        return Accepted(code)
    return _refused(code, message) if 400 <= code <= 599 else Unanswered()


def _refused(code: int, message: str) -> Outcome:
    if code in AUTHENTICATION_CODES or code == 421 or (code >= 500 and _SENDER_AT_FAULT.match(message)):
        return Deferred("mail_server_unavailable", "relay", code)
    if 500 <= code <= 599:
        return Bounced("email_rejected", code)
    return Deferred("email_deferred", "mail", code if 200 <= code <= 499 else None)


def _code(error: BaseException) -> int | None:
    code = error.code if isinstance(error, SMTPResponseException) else None
    return code if code is not None and 200 <= code <= 599 else None
