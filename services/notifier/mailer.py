"""One SMTP dialogue a mail, on a connection that is kept while all goes well."""

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTPConnectError, SMTPException, SMTPResponseException

from chassis.failpoints import reached
from services.notifier.domain import troubles
from services.notifier.domain.addresses import AddressInvalid, for_the_wire
from services.notifier.domain.attempts import enhanced_code
from services.notifier.domain.mail import Accepted, Bounced, Deferred, Outcome, Unanswered
from services.notifier.domain.troubles import Trouble
from services.notifier.settings import NotifierSettings

MOST_MAILS = 100
LONGEST_IDLE_SECONDS = 20.0  # servers close idle connections; better we do, between two mails
FRESH_SECONDS = 2.0  # so soon after a mail that went well there is nothing to reset, and hardly a connection lost
QUIT_SECONDS = 1.0
START_INPUT = 354

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)

BeforeContent = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed to the server: envelope and message."""

    sender: str
    recipient: str
    content: bytes


class Obstacle(Exception):  # named after what it is
    """The server cannot be used: by no mail, where `trouble` is said."""

    def __init__(self, trouble: Trouble | None, code: int | None = None) -> None:
        super().__init__(trouble)
        self.trouble = trouble
        self.code = code


class Connection:
    """One worker's connection. Not for two mails at once."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._client: aiosmtplib.SMTP | None = None
        self._mails = 0
        self._last_used = 0.0
        self._went_well = False

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
            self._went_well = isinstance(outcome, Accepted)
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
        encoding = "utf-8" if recipient.smtputf8 else "ascii"
        try:
            client = await self._ready()
            if recipient.smtputf8 and not client.supports_extension("smtputf8"):
                return Bounced("email_rejected")
            refusal = await self._sender(client, parcel.sender, encoding)
        except Obstacle as obstacle:
            return Deferred("mail_server_unavailable", "relay", obstacle.code, obstacle.trouble)
        return await self._recipient(client, recipient.address, encoding) if refusal is None else refusal

    async def _recipient(self, client: aiosmtplib.SMTP, address: str, encoding: str) -> Outcome | None:
        """RCPT and DATA."""
        settings = self._settings
        try:
            await client.rcpt(address, encoding=encoding, timeout=settings.rcpt_seconds)
            await reached("notifier.after_rcpt")
            answer = await client.execute_command(b"DATA", timeout=settings.start_seconds)
        except SMTPResponseException as error:
            return _refused(error.code, error.message)
        except (SMTPException, OSError, TimeoutError, ValueError):
            return Deferred("mail_server_unavailable", "relay")
        return None if answer.code == START_INPUT else _refused(answer.code, answer.message)

    async def _sender(self, client: aiosmtplib.SMTP, sender: str, encoding: str) -> Outcome | None:
        """MAIL. Whatever is wrong here, it is not the mail, unless it needs what few mails need. Raises Obstacle."""
        address = for_the_wire(sender).address
        options = ["SMTPUTF8", "BODY=8BITMIME"] if encoding == "utf-8" else []
        try:
            await client.mail(address, options=options, encoding=encoding, timeout=self._settings.mail_seconds)
        except SMTPResponseException as error:
            if options and troubles.cannot_be_spoken(error.code, error.message):
                return Bounced("email_rejected", error.code)
            raise Obstacle(troubles.at_sender(error.code, error.message), _code(error)) from error
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            raise Obstacle("unreachable") from error
        return None

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
        """A connection on which MAIL can be said. Raises Obstacle."""
        idle = time.monotonic() - self._last_used
        if self._client is not None and (self._mails >= MOST_MAILS or idle > LONGEST_IDLE_SECONDS):
            await self.quit()
        if self._client is not None and self._client.is_connected:
            if self._went_well and idle < FRESH_SECONDS:
                return self._client
            try:
                await self._client.rset(timeout=self._settings.smtp_command_timeout_seconds)
            except (SMTPException, OSError, TimeoutError):
                self.close()
            else:
                return self._client
        return await self._connect()

    async def _connect(self) -> aiosmtplib.SMTP:
        """Connection, greeting, TLS and login, each with a deadline of its own. TLS that is asked for and not to be had
        ends it: nothing is said in the clear instead."""
        settings = self._settings
        self.close()
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_tls == "tls",
            start_tls=False,
            cert_bundle=None if settings.smtp_ca_file is None else str(settings.smtp_ca_file),
            local_hostname=settings.mail_domain,
            timeout=settings.smtp_command_timeout_seconds,
        )
        self._client, self._mails = client, 0
        trouble: Callable[[int, str], Trouble] = troubles.at_greeting
        silent: Trouble = "unreachable"
        try:
            await client.connect(timeout=settings.smtp_connect_timeout_seconds)
            await client.ehlo()
            if settings.smtp_tls == "starttls":
                trouble, silent = _tls_refused, "tls_refused"
                await client.starttls(timeout=settings.tls_seconds)
                await client.ehlo()
            if settings.smtp_user is not None:
                trouble, silent = troubles.at_login, "login_refused"
                await client.login(settings.smtp_user, settings.smtp_password or "", timeout=settings.login_seconds)
        except SMTPResponseException as error:
            self.close()  # a client that failed to connect is not used again
            raise Obstacle(trouble(error.code, error.message), _code(error)) from error
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            self.close()
            raise Obstacle(_silence(error, silent)) from error
        except BaseException:
            self.close()
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
    trouble = troubles.at_mail(code, message)
    if trouble is not None or code == 421 or troubles.blames_sender(code, message):
        return Deferred("mail_server_unavailable", "relay", code, trouble, enhanced_code=enhanced_code(message))
    if 500 <= code <= 599:
        return Bounced("email_rejected", code, enhanced_code(message))
    known = code if 200 <= code <= 499 else None
    return Deferred("email_deferred", "mail", known, enhanced_code=enhanced_code(message))


def _tls_refused(_code: int, _text: str) -> Trouble:
    return "tls_refused"


def _silence(error: BaseException, trouble: Trouble) -> Trouble:
    """What it means that there was no answer, or no TLS on the first byte."""
    if isinstance(error, SMTPConnectError) and isinstance(error.__cause__, ssl.SSLError):
        return "tls_refused"
    return (
        "unreachable" if isinstance(error, OSError | TimeoutError) and not isinstance(error, ssl.SSLError) else trouble
    )


def _code(error: SMTPResponseException) -> int | None:
    return error.code if 200 <= error.code <= 599 else None
