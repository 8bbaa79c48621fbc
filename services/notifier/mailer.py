"""One SMTP dialogue a mail, on a connection that is kept while all goes well."""

import asyncio
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
from services.notifier.wire import Answer, Wire, taken_over

MOST_MAILS = 100
LONGEST_IDLE_SECONDS = 20.0  # servers close idle connections; better we do, between two mails
FRESH_SECONDS = 2.0  # so soon after a mail that went well there is nothing to reset, and hardly a connection lost
QUIT_SECONDS = 1.0
OK = 250
TAKES_RECIPIENT = frozenset({250, 251})
START_INPUT = 354
_SILENT = Deferred("mail_server_unavailable", "relay", silent=True)

BeforeContent = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed to the server: envelope and message."""

    sender: str
    recipient: str
    content: bytes


class Obstacle(Exception):  # named after what it is
    """The server cannot be used, by no mail."""

    def __init__(self, trouble: Trouble, code: int | None = None, text: str = "") -> None:
        super().__init__(trouble)
        self.trouble = trouble
        self.code = code
        self.enhanced_code = enhanced_code(text)


class Connection:
    """One worker's connection. Not for two mails at once."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._wire: Wire | None = None
        self._extensions: frozenset[str] = frozenset()
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
            kept = isinstance(outcome, Accepted | Bounced) and self._wire is not None and self._wire.in_step
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
            return _SILENT

    async def _offer(self, parcel: Parcel) -> Outcome | None:
        """Everything before the content. None: the server waits for it."""
        try:
            recipient = for_the_wire(parcel.recipient)
        except AddressInvalid:
            return Bounced("unprocessable")
        try:
            wire = await self._ready()
            if recipient.smtputf8 and "smtputf8" not in self._extensions:
                return Bounced("email_rejected")
            options = " SMTPUTF8 BODY=8BITMIME" if recipient.smtputf8 else ""
            sender = f"MAIL FROM:<{for_the_wire(parcel.sender).address}>{options}\r\n".encode()
            envelope = (sender, f"RCPT TO:<{recipient.address}>\r\n".encode(), b"DATA\r\n")
            refusal = await self._sender(wire, envelope, with_options=bool(options))
        except Obstacle as obstacle:
            why = (obstacle.code, obstacle.trouble)
            return Deferred("mail_server_unavailable", "relay", *why, enhanced_code=obstacle.enhanced_code)
        return await self._recipient(wire, envelope) if refusal is None else refusal

    async def _sender(self, wire: Wire, envelope: tuple[bytes, ...], *, with_options: bool) -> Outcome | None:
        """MAIL, and the rest of the envelope with it where the server takes several commands at once. Whatever is wrong
        here, it is not the mail, unless it needs what few mails need. Raises Obstacle."""
        try:
            wire.say(*envelope if self._pipelines else envelope[:1])
            answer = await wire.answer(self._settings.mail_seconds)
        except (OSError, TimeoutError) as error:
            raise Obstacle("unreachable") from error
        if answer.code == OK:
            return None
        if with_options and troubles.cannot_be_spoken(answer.code, answer.text):
            return Bounced("email_rejected", answer.code, enhanced_code(answer.text))
        raise Obstacle(troubles.at_sender(answer.code, answer.text), _code(answer.code), answer.text)

    async def _recipient(self, wire: Wire, envelope: tuple[bytes, ...]) -> Outcome | None:
        """RCPT and DATA."""
        settings = self._settings
        _, recipient, data = envelope
        try:
            answer = await self._asked(wire, recipient, settings.rcpt_seconds)
            if answer.code not in TAKES_RECIPIENT:
                await self._out_of_data(wire)
                return _refused(answer.code, answer.text)
            await reached("notifier.after_rcpt")
            answer = await self._asked(wire, data, settings.start_seconds)
        except TimeoutError:
            return _SILENT
        except OSError:
            return Deferred("mail_server_unavailable", "relay")
        return None if answer.code == START_INPUT else _refused(answer.code, answer.text)

    async def _asked(self, wire: Wire, command: bytes, seconds: float) -> Answer:
        """The answer to a command, which was said already where several are said at once."""
        if not self._pipelines:
            wire.say(command)
        return await wire.answer(seconds)

    async def _out_of_data(self, wire: Wire) -> None:
        """After a refused recipient: DATA may have been said with it. A server that waits for a content all the same
        is left, since it would take the next command for one (RFC 2920 §3.1)."""
        if self._pipelines:
            with suppress(OSError, TimeoutError):
                if (await wire.answer(self._settings.start_seconds)).code != START_INPUT:
                    return
            self.close()

    async def _transmit(self, content: bytes) -> Outcome:
        """The content and its answer. The answer to DATA is known here, so that only a lost answer to the content
        leaves the outcome open."""
        wire = self._wire
        if wire is None or not wire.stands:
            return Deferred("mail_server_unavailable", "relay")  # it hung up meanwhile: it has nothing
        try:
            wire.say(on_the_wire(content))
            await reached("notifier.after_dot")
            answer = await wire.answer(self._settings.smtp_data_timeout_seconds)
        except (OSError, TimeoutError):
            return Unanswered()
        await reached("notifier.after_250")
        self._mails += 1
        return accepted_or_not(answer.code, answer.text)

    async def _ready(self) -> Wire:
        """A connection on which MAIL can be said. Raises Obstacle."""
        idle = time.monotonic() - self._last_used
        if self._wire is not None and (self._mails >= MOST_MAILS or idle > LONGEST_IDLE_SECONDS):
            await self.quit()
        if self._wire is not None and self._wire.stands:
            if self._went_well and idle < FRESH_SECONDS:
                return self._wire
            with suppress(OSError, TimeoutError):
                self._wire.say(b"RSET\r\n")
                if (await self._wire.answer(self._settings.smtp_command_timeout_seconds)).code == OK:
                    return self._wire
        return await self._connect()

    async def _connect(self) -> Wire:
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
            wire = taken_over(client.transport)
        except SMTPResponseException as error:
            client.close()  # a client that failed to connect is not used again
            raise Obstacle(trouble(error.code, error.message), _code(error.code), error.message) from error
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            client.close()
            raise Obstacle(_silence(error, silent)) from error
        except BaseException:
            client.close()
            raise
        self._wire, self._mails, self._extensions = wire, 0, frozenset(client.esmtp_extensions)
        return wire

    @property
    def _pipelines(self) -> bool:
        return "pipelining" in self._extensions

    async def quit(self) -> None:
        """Takes leave of the server where that is quick."""
        if self._wire is not None and self._wire.stands:
            with suppress(OSError, TimeoutError):
                self._wire.say(b"QUIT\r\n")
                await self._wire.answer(QUIT_SECONDS)
        self.close()

    def close(self) -> None:
        """Hangs up at once: a content that is not complete is thrown away by the server."""
        if self._wire is not None:
            self._wire.close()
        self._wire = None


def on_the_wire(content: bytes) -> bytes:
    """Content with dots doubled at line starts and the final dot (RFC 5321 §4.5.2). Its lines end with CRLF already."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return b"." * content.startswith(b".") + ended.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def accepted_or_not(code: int, message: str = "") -> Outcome:
    """What the answer to the content means."""
    if code == 250:
        return Accepted(code)
    return _refused(code, message) if 400 <= code <= 599 else Unanswered()


def _refused(code: int, message: str) -> Outcome:
    trouble = troubles.at_mail(code, message)
    if trouble is not None or code == 421:
        return Deferred("mail_server_unavailable", "relay", code, trouble, enhanced_code=enhanced_code(message))
    if troubles.blames_sender(code, message):  # a DNS entry may be missing: worth some days, as what is put off
        return Deferred("email_rejected", "mail", code, enhanced_code=enhanced_code(message))
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


def _code(code: int) -> int | None:
    return code if 200 <= code <= 599 else None
