"""Owns the talk with the supervisor: one JSON line asks, lines of progress and one verdict answer, on a Unix socket."""

import asyncio
import fcntl
import json
import os
import struct
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from aktivera.local.layout import CODE_ROOT, Layout, Say
from aktivera.local.log_files import last_lines, open_log
from aktivera.local.process_identity import Identity, gone, identity_of
from aktivera.local.process_spec import ProcessSpec

_LINE_BYTES = 1 << 20
_UP_SECONDS = 15.0
_ANSWER_SECONDS = 5.0
_ENDING_SECONDS = 120.0  # more than all that it has to end may take, one after the other


class NotReady(Exception):
    """A process did not become ready; the message says which, and how its log ends."""


class NoSupervisor(Exception):
    """None runs for this root, or the one that does is hung."""


class Commands(Protocol):
    def status(self) -> dict[str, bool] | None: ...
    async def start(self, specs: list[ProcessSpec], say: Say) -> None: ...
    async def end(self, names: list[str], say: Say) -> None: ...
    async def stop(self, say: Say) -> None: ...


@contextmanager
def _socket_path(layout: Layout) -> Iterator[str]:
    """By way of the folder's descriptor: the path of a deep root is longer than a socket's name may be."""
    folder = os.open(layout.run, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/supervisor.sock"
    finally:
        os.close(folder)


async def serve(layout: Layout, commands: Commands) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def tell(message: dict[str, Any]) -> None:
            writer.write(json.dumps(message).encode() + b"\n")

        def say(line: str) -> None:
            tell({"say": line})

        try:
            request = json.loads(await reader.readline())
            tell({"done": await _obey(commands, request, say)})
        except NotReady as failure:
            tell({"failed": str(failure)})
        except (KeyError, TypeError, ValueError) as error:
            tell({"failed": f"the supervisor cannot read the request: {error!r}"})
        finally:
            writer.close()

    (layout.run / "supervisor.sock").unlink(missing_ok=True)
    with _socket_path(layout) as path:
        return await asyncio.start_unix_server(answer, path, limit=_LINE_BYTES)


async def _obey(commands: Commands, request: dict[str, Any], say: Say) -> Any:
    match request:
        case {"do": "status"}:
            return commands.status()
        case {"do": "start", "specs": list(specs)}:
            return await commands.start([ProcessSpec.from_json(spec) for spec in specs], say)
        case {"do": "end", "names": list(names)}:
            return await commands.end([str(name) for name in names], say)
        case {"do": "stop"}:
            return await commands.stop(say)
    raise ValueError(request)


async def _ask(layout: Layout, request: dict[str, Any], say: Say) -> Any:
    with _socket_path(layout) as path:
        reader, writer = await asyncio.open_unix_connection(path, limit=_LINE_BYTES)
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        async for line in reader:
            message = json.loads(line)
            if "say" in message:
                say(message["say"])
            elif "failed" in message:
                raise NotReady(message["failed"])
            else:
                return message["done"]
    finally:
        writer.close()
    raise NoSupervisor("the supervisor ended before it answered")


async def status(layout: Layout) -> dict[str, bool] | None:
    """What the running supervisor says of its processes; None where none runs. Raises NoSupervisor for a hung one.

    The end of one that was told to end is awaited: who told it may have been killed meanwhile.
    """
    running = holder(layout)
    if running is None:
        return None
    answer: dict[str, bool] | None = None
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = await _ask(layout, {"do": "status"}, _quiet)
    except (OSError, TimeoutError) as error:
        if holder(layout) == running:
            raise NoSupervisor("the supervisor runs and does not answer") from error
    if answer is None and not await gone([running], _ENDING_SECONDS):
        raise NoSupervisor("the supervisor does not come to its end")
    return answer


async def start(layout: Layout, specs: Sequence[ProcessSpec], say: Say) -> None:
    await _ask(layout, {"do": "start", "specs": [spec.to_json() for spec in specs]}, say)


async def end(layout: Layout, names: Sequence[str], say: Say) -> None:
    """Ends these processes; the others and the supervisor run on."""
    await _ask(layout, {"do": "end", "names": list(names)}, say)


async def stop(layout: Layout, say: Say) -> None:
    supervisor = holder(layout)
    await _ask(layout, {"do": "stop"}, say)
    if supervisor is not None and not await gone([supervisor], _UP_SECONDS):
        raise NoSupervisor("the supervisor said goodbye and stays")


async def launch(layout: Layout) -> None:
    """Start a supervisor in the background and wait until it answers."""
    log = open_log(layout.log, "supervisor")
    try:
        command = [sys.executable, "-m", "aktivera.local.supervisor", "--root", str(layout.root.resolve())]
        starter = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=CODE_ROOT
        )
        # It goes at once: what stays is its child, which has left our session.
        await starter.wait()
    finally:
        os.close(log)
    if not await _until(lambda: _answers(layout)):
        tail = "\n  ".join(last_lines(layout.log, "supervisor"))
        raise NoSupervisor(f"the supervisor did not come up; its log ends with:\n  {tail}")


def is_running(layout: Layout) -> bool:
    """The lock tells: the kernel drops it when its holder is gone, however that went."""
    return _lock_holder(layout) is not None


def holder(layout: Layout) -> Identity | None:
    """The supervisor that runs for this root, whatever its ledger says."""
    pid = _lock_holder(layout)
    return None if pid is None else identity_of(pid)


def _lock_holder(layout: Layout) -> int | None:
    """Asked for, not taken: a supervisor that starts at this moment must not find the lock held."""
    with (layout.run / "supervisor.lock").open("a") as lock:
        answer = fcntl.fcntl(lock, fcntl.F_GETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))
        kind, _, _, _, pid = struct.unpack_from("hhqqi", answer)
        return None if kind == fcntl.F_UNLCK else int(pid)


async def _answers(layout: Layout) -> bool:
    try:
        return await status(layout) is not None
    except NoSupervisor:
        return False


async def _until(true: Callable[[], Awaitable[bool]]) -> bool:
    for _ in range(int(_UP_SECONDS / 0.05)):
        if await true():
            return True
        await asyncio.sleep(0.05)
    return False


def _quiet(_line: str) -> None:
    """Progress of a request that takes no time."""
