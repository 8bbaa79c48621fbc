"""Owns one process under supervision: started, watched until ready, started again when it ends, stopped when told."""

import asyncio
import math
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Awaitable, Sequence
from os import close
from pathlib import Path

from aktivera.local.backoff import Backoff
from aktivera.local.layout import Say
from aktivera.local.ledger import Entry, Ledger
from aktivera.local.listening import listens
from aktivera.local.log_files import open_log
from aktivera.local.probes import until_ready
from aktivera.local.process_identity import Identity, end, identity_of
from aktivera.local.process_spec import ProcessSpec

# The shell waits for one line before it becomes the process. If the supervisor dies before the ledger names the
# new pid, the line never comes, the shell reads the end of its input and goes: nothing unrecorded ever runs.
_GATE = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "gate")

_LOOK_SECONDS = 0.2


class Supervised:
    """`ready` is set while the process answers its probe. `displaced`: another one listens on its port."""

    def __init__(self, spec: ProcessSpec, ledger: Ledger, logs: Path, say: Say) -> None:
        self.spec = spec
        self.ready = asyncio.Event()
        self.restarts = 0
        self.displaced = False
        self._ledger = ledger
        self._logs = logs
        self._say = say
        self._backoff = Backoff()
        self._stopping = asyncio.Event()
        self._identity: Identity | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        """It runs no more and will not be started again."""
        return self._task is not None and self._task.done()

    @property
    def pid(self) -> int | None:
        return None if self._identity is None else self._identity.pid

    def start(self, after: Sequence["Supervised"]) -> None:
        self._task = asyncio.create_task(self._run(after), name=self.spec.name)

    async def stop(self) -> bool:
        """Whether it had to be killed."""
        self._stopping.set()
        ended = None
        if self._identity is not None:
            ended = await end(self._identity, self.spec.stop_signal, self.spec.grace_seconds)
            for orphan in ended.orphans:
                self._say(f"ended pid {orphan.pid}, left by {self.spec.name}")
        if self._task is not None:
            await self._task
        return ended is not None and ended.killed

    async def _run(self, after: Sequence["Supervised"]) -> None:
        for earlier in after:
            if not await self._unless_stopping(earlier.ready.wait()):
                return
        while not self._stopping.is_set():
            ready_seconds = await self._run_once()
            if self._stopping.is_set() or not self.spec.restart:
                return
            wait = self._backoff.after_run(ready_seconds)
            self.restarts += 1
            self._say(f"{self.spec.name} has ended by itself; starting it again in {wait:g} s")
            await self._unless_stopping(asyncio.sleep(wait))

    async def _run_once(self) -> float:
        """From start to end; for how long it was ready."""
        try:
            process = await self._spawn()
        except OSError as error:
            self._say(f"{self.spec.name} cannot be started: {error}")
            return 0.0
        if self._stopping.is_set() and self._identity is not None:
            # Told to stop while the process was being born: `stop` has seen nothing to end.
            await end(self._identity, signal.SIGKILL, self.spec.grace_seconds)
        watch = asyncio.create_task(self._watch())
        code = await process.wait()
        watch.cancel()
        ready_since = (await asyncio.gather(watch, return_exceptions=True))[0]
        self.ready.clear()
        self._identity = None
        self._ledger.forget(self.spec.name)
        self._say(f"{self.spec.name} (pid {process.pid}) ended: {_how(code)}")
        return asyncio.get_running_loop().time() - ready_since if isinstance(ready_since, float) else 0.0

    async def _spawn(self) -> Process:
        log = open_log(self._logs, self.spec.name)
        try:
            process = await asyncio.create_subprocess_exec(
                *_GATE, *self.spec.command, stdin=PIPE, stdout=log, stderr=STDOUT, **self.spec.popen_options()
            )
        finally:
            close(log)
        self._identity = identity_of(process.pid)
        if self._identity is not None and process.stdin is not None:
            entry = Entry(self.spec.name, self._identity, self.spec.stop_signal, self.spec.grace_seconds)
            self._ledger.record(entry, self.restarts)
            process.stdin.write(b"go\n")
            process.stdin.close()
        return process

    async def _watch(self) -> float:
        while await until_ready(self.spec.ready, math.inf) and not await asyncio.to_thread(self._answers_itself):
            if not self.displaced:
                self._say(f"{self.spec.name}: another process listens on its port {self.spec.ready.port}")
            self.displaced = True
            await asyncio.sleep(_LOOK_SECONDS)
        self.displaced = False
        self.ready.set()
        self._say(f"{self.spec.name} is ready")
        return asyncio.get_running_loop().time()

    def _answers_itself(self) -> bool:
        pid, port = self.pid, self.spec.ready.port
        return not port or (pid is not None and listens(pid, port))

    async def _unless_stopping(self, awaited: Awaitable[object]) -> bool:
        """Await it, or the order to stop; False for the latter."""
        ours = asyncio.ensure_future(awaited)
        stop = asyncio.create_task(self._stopping.wait())
        _, pending = await asyncio.wait((ours, stop), return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return not self._stopping.is_set()


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
