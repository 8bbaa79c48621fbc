"""A mail server that takes all it is given as fast as it can, and notes each mail's Message-ID and moment.

`VRFY x` answers how many it has; on SIGTERM it writes `[[moment, Message-ID], …]` to the file it was given.
"""

import argparse
import asyncio
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop

END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """The least of RFC 5321 that a client can do with. `take`: called with each mail's content."""

    def __init__(self, take: Callable[[bytes], None], count: Callable[[], int]) -> None:
        self._taken = take
        self._count = count

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = b""
        self._content = False
        self._transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            place = self._buffer.find(END if self._content else b"\r\n")
            if place < 0:
                return
            read, self._buffer = self._buffer[:place], self._buffer[place + (5 if self._content else 2) :]
            self._take(read) if self._content else self._hear(read)

    def _take(self, content: bytes) -> None:
        self._taken(content)
        self._content = False
        self._transport.write(b"250 2.0.0 taken\r\n")

    def _hear(self, line: bytes) -> None:
        verb = line[:4].upper()
        self._content = verb == b"DATA"
        answers = {
            b"DATA": b"354 go on\r\n",
            b"EHLO": b"250-sink\r\n250 PIPELINING\r\n",
            b"VRFY": b"250 %d\r\n" % self._count(),
        }
        self._transport.write(answers.get(verb, b"250 2.0.0 ok\r\n"))
        if verb == b"QUIT":
            self._transport.close()


def header(content: bytes, name: bytes) -> str:
    """The value of a mail's header that stands on one line."""
    line = next(line for line in content.split(b"\r\n\r\n", 1)[0].split(b"\r\n") if line.startswith(name + b": "))
    return line.partition(b": ")[2].decode()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    taken: list[tuple[float, str]] = []

    def take(content: bytes) -> None:
        taken.append((time.monotonic(), header(content, b"Message-ID")))

    async with await loop.create_server(lambda: Sink(take, taken.__len__), "127.0.0.1", asked.port):
        await stop.wait()
    asked.out.write_text(json.dumps(taken))


if __name__ == "__main__":
    uvloop.run(main())
