"""Commands and answers on an SMTP connection that stands: several commands may be under way at once (RFC 2920)."""

import asyncio
from collections import deque
from typing import NamedTuple, cast

LONGEST_ANSWER = 64 * 1024  # bytes; no server says so much
NO_ANSWER = -1


class Answer(NamedTuple):
    """`code` is NO_ANSWER where what came is no answer that SMTP knows."""

    code: int
    text: str


class Wire(asyncio.Protocol):
    """Takes a transport over from whoever connected it. Answers come in the order of the commands."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._buffer = b""
        self._text: list[str] = []
        self._heard = 0
        self._answers: deque[Answer] = deque()
        self._open = 0
        self._waiter: asyncio.Future[None] | None = None
        self._lost = False
        transport.set_protocol(self)

    @property
    def stands(self) -> bool:
        """Whether a command can be said, as far as is known here."""
        return not self._lost and not self._transport.is_closing()

    @property
    def in_step(self) -> bool:
        """Whether every command has had its answer read."""
        return self._open == 0 and not self._answers

    def say(self, *lines: bytes) -> None:
        """Commands, each with its line end; or a content, which has one answer too. Raises ConnectionResetError."""
        if not self.stands:
            raise ConnectionResetError("the mail server hung up")
        self._open += len(lines)
        self._transport.write(b"".join(lines))

    async def answer(self, seconds: float) -> Answer:
        """To the first command whose answer was not read yet. Raises TimeoutError, ConnectionResetError."""
        if not self._answers and not self._lost:
            self._waiter = asyncio.get_running_loop().create_future()
            async with asyncio.timeout(seconds):
                await self._waiter
        if not self._answers:
            raise ConnectionResetError("the mail server hung up")
        return self._answers.popleft()

    def close(self) -> None:
        """Hangs up at once: what is not written yet is not written any more."""
        self._lost = True
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            self._hear(line.rstrip(b"\r"))
        if self._heard + len(self._buffer) > LONGEST_ANSWER:
            self.close()
        self._wake()

    def _hear(self, line: bytes) -> None:
        self._heard += len(line) + 1  # a line that says nothing takes its place too
        self._text.append(line[4:].strip().decode("utf-8", "surrogateescape"))
        if line[3:4] == b"-" and line[:3].isdigit():
            return
        code = int(line[:3]) if line[:3].isdigit() else NO_ANSWER
        text, self._text, self._heard = "\n".join(self._text), [], 0
        if self._open == 0:  # nobody asked: the server takes leave, and its word belongs to no command of ours
            self.close()
        else:
            self._open -= 1
            self._answers.append(Answer(code, text))

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done() and (self._answers or self._lost):
            self._waiter.set_result(None)


def taken_over(transport: asyncio.BaseTransport | None) -> Wire:
    """The wire of a connection. Raises ConnectionResetError where it is gone already."""
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the mail server hung up")
    return Wire(cast(asyncio.Transport, transport))
