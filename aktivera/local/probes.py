"""Owns readiness as seen from outside, in a few bytes of each protocol: the supervisor loads no driver for it."""

import asyncio
import struct
from pathlib import Path

from aktivera.local.ports import LOOPBACK
from aktivera.local.process_spec import Probe

_ANSWER_SECONDS = 3.0


async def is_ready(probe: Probe) -> bool:
    if probe.kind == "file":
        return await asyncio.to_thread(Path(probe.path).exists)
    ask = {"http": _http, "kafka": _kafka, "postgres": _postgres, "tcp": _tcp}[probe.kind]
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, probe.port)
            try:
                return await ask(reader, writer, probe)
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, struct.error):
        return False


async def until_ready(probe: Probe, within: float) -> bool:
    deadline = asyncio.get_running_loop().time() + within
    while not await is_ready(probe):
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(0.05)
    return True


async def _tcp(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _probe: Probe) -> bool:
    return True


async def _http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, probe: Probe) -> bool:
    writer.write(f"GET {probe.path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode())
    status = (await reader.readline()).split(maxsplit=2)
    return len(status) > 1 and status[1] == b"200"


async def _postgres(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _probe: Probe) -> bool:
    """A server that still recovers refuses the start-up message; one that is ready asks for the password."""
    body = struct.pack("!i", 196608) + b"user\0postgres\0\0"
    writer.write(struct.pack("!i", len(body) + 4) + body)
    return await reader.readexactly(1) == b"R"


async def _kafka(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _probe: Probe) -> bool:
    """Metadata v1 for no topic lists the brokers that are not fenced: after a crash the port opens before that."""
    client = b"probe"
    request = struct.pack("!hhih", 3, 1, 1, len(client)) + client + struct.pack("!i", 0)
    writer.write(struct.pack("!i", len(request)) + request)
    (size,) = struct.unpack("!i", await reader.readexactly(4))
    answer = await reader.readexactly(size)
    _correlation, brokers = struct.unpack_from("!ii", answer)
    return bool(brokers > 0)
