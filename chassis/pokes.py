"""The line of pokes: sends what commits poked, hears every replica's, and notices when it hears nothing any more."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from chassis import metrics
from chassis.db import Database
from chassis.failures import is_transient
from chassis.heartbeats import unheard

log = structlog.get_logger(__name__)

TEST_SECONDS = 5.0
SILENCE_SECONDS = 15.0
LOOK_SECONDS = 1.0
CONNECT_SECONDS = 5.0
AT_ONCE = 500
TEST = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Sending and hearing on one channel of the database at `dsn`.

    `heard(payload)` is called for each poke. `whole()` is called each time that the line stands (again): what was poked
    before that is unknown, and has to be looked up. A socket can be dead without anybody saying so: the line pokes
    itself every 5 seconds, and is laid anew when it has heard nothing for 15.
    """

    database: Database
    dsn: str
    channel: str
    heard: Callable[[str], None]
    whole: Callable[[], None]

    async def run(self, beat: Callable[[], None] = unheard) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send(beat))
            tasks.create_task(self._listen())

    async def _send(self, beat: Callable[[], None]) -> None:
        pokes = self.database.pokes
        pokes.channel = self.channel
        tested = float("-inf")
        while True:
            beat()
            payloads = await pokes.take(AT_ONCE, LOOK_SECONDS)
            test = time.monotonic() - tested >= TEST_SECONDS
            if not payloads and not test:
                continue
            try:
                await self.database.notify([*payloads, TEST] if test else payloads)
            except Exception as error:
                pokes.add(payloads)
                if not is_transient(error):
                    raise
                log.warning("pokes not sent", error=type(error).__name__, pokes=len(payloads))
                await asyncio.sleep(LOOK_SECONDS)
            else:
                tested = time.monotonic() if test else tested

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
                log.warning("the line of pokes was silent; it is laid anew", channel=self.channel)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("the line of pokes is down", error=type(error).__name__)
            metrics.LINES_LOST.inc()
            await asyncio.sleep(LOOK_SECONDS)

    async def _hear(self) -> None:
        """Listens on a connection of its own until nothing has come for too long, or the connection is closed."""
        last, ended = time.monotonic(), asyncio.Event()

        def come(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
            nonlocal last
            last = time.monotonic()
            if payload != TEST:
                self.heard(str(payload))

        connection = await asyncpg.connect(
            self.dsn,
            timeout=CONNECT_SECONDS,
            command_timeout=CONNECT_SECONDS,
            server_settings={"application_name": f"{self.database.service} pokes"},
        )
        try:
            await connection.add_listener(self.channel, come)
            connection.add_termination_listener(lambda _connection: ended.set())
            self.whole()
            while (left := last + SILENCE_SECONDS - time.monotonic()) > 0 and not ended.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await ended.wait()
        finally:
            with suppress(Exception):  # behind a dead socket nobody says goodbye
                connection.terminate()
