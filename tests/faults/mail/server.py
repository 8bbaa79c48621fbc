"""A mail server that does to each recipient what its script says, on raw sockets, and keeps every byte that it got."""

import asyncio
import socket
import ssl
import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from aktivera.local.ports import LOOPBACK
from tests.faults.mail.scripts import Script

RESET = struct.pack("ii", 1, 0)  # SO_LINGER without a wait: closing is a RST
ENOUGH = 8  # bytes of a content that did begin
EHLO = b"250-chaos.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"


class HungUp(Exception):  # named after the fact
    """The server ends the connection, by its script."""


@dataclass
class Attempt:
    """One offer of a mail to its recipient. `content`: what came of it, without the final dot if `whole`; `answer`: the
    code that was written to it, None where none was; `by_script`: the server itself left it without one; `left`: the
    client was gone before it had shown that it stored the answer, which it shows by one more mail's content."""

    recipient: str
    at: datetime
    asked: bool = False
    content: bytes = b""
    whole: bool = False
    answer: int | None = None
    by_script: bool = False
    left: bool = False

    @property
    def kept(self) -> bool:
        """Whether a server like this one would deliver it: all came in, and it was not refused."""
        return self.whole and (self.answer is None or self.answer == 250)


@dataclass
class ChaosServer:
    """`scripts` by recipient; `greetings` by the number of the connection. `scale` is how long a scripted second is."""

    scripts: dict[str, Script]
    clock: Callable[[], datetime]
    tls: ssl.SSLContext | None = None
    scale: float = 1.0
    greetings: Callable[[int], str] = lambda _number: "220"
    port: int = 0
    connections: int = 0
    attempts: dict[str, list[Attempt]] = field(default_factory=lambda: defaultdict(list))
    in_clear: list[bytes] = field(default_factory=list)
    fired: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    """Faults of its own, which would be taken for the sender's."""
    dialogues: "set[asyncio.Task[Any]]" = field(default_factory=set)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def due(self, script: Script, recipient: str) -> bool:
        """Whether the script's trouble is still to come at this attempt, which is the last of `attempts`."""
        tries = self.attempts[recipient]
        if script.until is not None:
            return self.clock() - tries[0].at < script.until
        return len(tries) <= script.times

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialogue = asyncio.ensure_future(self.converse(reader, writer))
        dialogue.add_done_callback(lambda _: writer.transport.abort())  # where it was cancelled before it began, too
        self.dialogues.add(dialogue)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        greeting = self.greetings(self.connections)
        dialogue = Dialogue(self, reader, writer, greeting == "stripped", pipelines=self.connections % 2 == 0)
        try:
            if greeting == "554":
                self.fired.add("554")
                writer.write(b"554 5.3.2 no service here\r\n")
                await writer.drain()
                return
            await dialogue.run()
        except (HungUp, OSError, EOFError):
            if dialogue.attempt is not None:
                dialogue.attempt.left = not dialogue.hung_up
            if dialogue.unstored is not None:
                dialogue.unstored.left |= dialogue.unstored is not dialogue.attempt
        except Exception as error:
            self.broken.append(repr(error))


@dataclass
class Dialogue:
    """One connection."""

    server: ChaosServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    stripped: bool
    pipelines: bool
    encrypted: bool = False
    hung_up: bool = False
    attempt: Attempt | None = None
    unstored: Attempt | None = None
    """The last whose content came: the envelope of the next may follow before its outcome is stored."""

    async def run(self) -> None:
        await self.say("220 chaos.test")
        while True:
            line = (await self.reader.readuntil(b"\r\n")).rstrip()
            verb = line[:4].upper()
            if self.server.tls is not None and not self.encrypted:
                self.server.in_clear.append(line)
            match verb:
                case b"EHLO":
                    await self.ehlo()
                case b"STAR":
                    await self.secure()
                case b"RCPT":
                    await self.rcpt(line.partition(b"<")[2].partition(b">")[0].decode())
                case b"DATA":
                    await self.data()
                case b"QUIT":
                    await self.say("221 bye")
                    return
                case b"MAIL" | b"RSET" | b"NOOP":
                    self.attempt = None
                    await self.say("250 ok")
                case _:
                    await self.say("502 not here")

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    def hang_up(self) -> NoReturn:
        self.hung_up = True
        raise HungUp

    async def ehlo(self) -> None:
        offered = self.server.tls is not None and not self.encrypted
        if offered and self.stripped:
            self.server.fired.add("stripped")
            offered = False
        self.writer.write(EHLO + b"250-PIPELINING\r\n" * self.pipelines + b"250-STARTTLS\r\n" * offered)
        await self.say("250 HELP")

    async def secure(self) -> None:
        assert self.server.tls is not None
        await self.say("220 go on")
        await self.writer.start_tls(self.server.tls)
        self.encrypted = True

    async def rcpt(self, recipient: str) -> None:
        script = self.server.scripts[recipient]
        self.attempt = Attempt(recipient, self.server.clock())
        self.server.attempts[recipient].append(self.attempt)
        if script.place == "rcpt" and self.server.due(script, recipient):
            await self.trouble(script)
            self.attempt = None  # nobody to take a content for
        else:
            await self.say("250 ok")

    async def data(self) -> None:
        attempt = self.attempt
        if attempt is None:
            await self.say("503 whom for?")
            return
        script = self.server.scripts[attempt.recipient]
        due = self.server.due(script, attempt.recipient)
        if due and script.place == "data":
            await self.trouble(script)
            return
        attempt.asked = True
        await self.say("354 go on")
        if due and script.place == "content":
            attempt.by_script = True
            attempt.content = await self.reader.readexactly(ENOUGH)
            await self.trouble(script)
        await self.take(attempt)
        if due and script.place == "dot":
            attempt.by_script = not script.code
            attempt.answer = script.code
            await self.trouble(script)
            if script.code:
                return
            attempt.by_script = False
        attempt.answer = 250
        await self.say("250 kept")

    async def take(self, attempt: Attempt) -> None:
        """The content to its dot; what came of it is kept where the client hangs up."""
        try:
            while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
                self.unstored = attempt
                attempt.content += line
        except asyncio.IncompleteReadError as left:
            attempt.content += left.partial
            raise
        attempt.whole = True

    async def trouble(self, script: Script) -> None:
        """What the script does at its place; comes back where the dialogue goes on."""
        self.server.fired.add(script.name)
        match script.deed:
            case "answer":
                await self.say(f"{script.code} {script.text}")
                if script.code == 421:
                    self.hang_up()
            case "drop":
                self.hang_up()
            case "reset":
                self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                self.hang_up()
            case "late":
                await asyncio.sleep(script.seconds * self.server.scale)
            case "silence" if script.place == "rcpt":  # a client that goes is noticed: its mail before may be open
                await self.reader.read()
                raise EOFError
            case "silence":
                self.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
                await self.server.over.wait()
                self.hang_up()


@asynccontextmanager
async def serving(server: ChaosServer) -> AsyncIterator[ChaosServer]:
    """The server on a free port of loopback."""
    running = await asyncio.start_server(server.serve, LOOPBACK, server.port, limit=2**20)
    server.port = running.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.over.set()
        running.close()
        for each in server.dialogues:
            each.cancel()
        await asyncio.gather(*server.dialogues, return_exceptions=True)
        await asyncio.sleep(0)
