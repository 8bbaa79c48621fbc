"""A TCP proxy that a test puts before a broker, a database or a mail server: slow, silent, cut or reset."""

import asyncio
import socket
import struct
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
UP, DOWN = "up", "down"  # towards the server, towards the client
CHUNK = 64 * 1024
NO_LINGER = struct.pack("ii", 1, 0)  # close() then sends RST


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    pumps: "list[asyncio.Task[None]]" = field(default_factory=list)
    dead: bool = False

    def end(self, *, reset: bool = False) -> None:
        for writer in (self.client, self.server):
            if reset and (sock := writer.get_extra_info("socket")) is not None:
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            if reset:
                writer.transport.abort()
            else:
                writer.close()


class Proxy:
    """Passes bytes on. A hole holds them back, as a network does that will deliver them once it is whole again.

    `fired` counts what each fault did, so that a test can tell that its fault took place.
    """

    def __init__(self, target_port: int, port: int = 0) -> None:
        self.target_port = target_port
        self.port = port
        self.latency = 0.0
        self.fired: Counter[str] = Counter()
        self._holes: set[str] = set()
        self._healed = asyncio.Event()
        self._healed.set()
        self._cut_after: int | None = None
        self._open: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> "Proxy":
        self._server = await asyncio.start_server(self._accepted, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.heal()
        self.reset()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def connections(self) -> int:
        return len(self._open)

    def black_hole(self, *directions: str) -> None:
        """From now on nothing passes in these directions (both, where none is named); connections stay open."""
        self._holes = set(directions or (UP, DOWN))
        self._healed.clear()

    def deaden(self) -> None:
        """Nothing passes any more on the connections that are open now, and nobody is told; new ones are whole."""
        for connection in self._open:
            connection.dead = True

    def cut_after(self, count: int) -> None:
        """After that many more bytes from the server the connection that carries them ends, in the middle of them."""
        self._cut_after = count

    def reset(self) -> None:
        """RST to both sides of every open connection."""
        for connection in list(self._open):
            self.fired["reset"] += 1
            connection.end(reset=True)

    def heal(self) -> None:
        """Everything passes again."""
        self.latency = 0.0
        self._cut_after = None
        self._holes.clear()
        self._healed.set()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing = asyncio.ensure_future(self._pass_on(reader, writer))
        self._tasks.add(passing)
        passing.add_done_callback(self._tasks.discard)
        passing.add_done_callback(lambda _: writer.close())  # where it was cancelled before it began, too

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self.target_port)
        except OSError:
            self.fired["refused"] += 1
            writer.transport.abort()
            return
        connection = _Connection(writer, server_writer)
        self._open.add(connection)
        pumps = ((reader, server_writer, UP), (server_reader, writer, DOWN))
        connection.pumps = [asyncio.ensure_future(self._pump(connection, *each)) for each in pumps]
        self._tasks.update(connection.pumps)
        try:
            await asyncio.wait(connection.pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in connection.pumps:
                pump.cancel()
            self._tasks.difference_update(connection.pumps)
            self._open.discard(connection)
            connection.end()

    async def _pump(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                if connection.dead:
                    self.fired["dead"] += 1
                    continue
                if self.latency:
                    self.fired["latency"] += 1
                    await asyncio.sleep(self.latency)
                while direction in self._holes:
                    self.fired["black hole"] += 1
                    await self._healed.wait()
                if direction == DOWN and self._cut_after is not None:
                    data, cut = data[: self._cut_after], len(data) >= self._cut_after
                    self._cut_after = None if cut else self._cut_after - len(data)
                    if cut:
                        writer.write(data)
                        self.fired["cut"] += 1
                        connection.end()
                        return
                writer.write(data)
                await writer.drain()
