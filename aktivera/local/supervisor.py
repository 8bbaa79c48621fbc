"""Owns the background process that starts the local stack in order, keeps it running and ends it in reverse order."""

import argparse
import asyncio
import ctypes
import fcntl
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from aktivera.local import control, housekeeping
from aktivera.local.layout import Layout, Say
from aktivera.local.ledger import SUPERVISOR, Entry, Ledger
from aktivera.local.log_files import last_lines, stamped
from aktivera.local.process_identity import identity_of
from aktivera.local.process_spec import ProcessSpec
from aktivera.local.supervised import Supervised

_PR_SET_CHILD_SUBREAPER = 36


class Supervisor:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._ledger = Ledger(layout.state_file)
        self._processes: dict[str, Supervised] = {}
        self._changing = asyncio.Lock()
        self._told_to_stop = False
        self._done = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None

    async def run(self) -> None:
        me = identity_of(os.getpid())
        if me is not None:
            self._ledger.record(Entry(SUPERVISOR, me, signal.SIGTERM, 60))
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._end)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        keeping = asyncio.create_task(housekeeping.forever(self._layout.log, lambda: list(self._processes.values())))
        async with await control.serve(self._layout, self):
            _log("supervisor is up")
            await self._done.wait()
        keeping.cancel()
        self._layout.state_file.unlink(missing_ok=True)

    def _end(self) -> None:
        self._ending = self._ending or asyncio.create_task(self.stop(_log))

    def status(self) -> dict[str, bool] | None:
        """Each process and whether it is ready now; None once all are told to end."""
        return (
            None if self._told_to_stop else {name: process.ready.is_set() for name, process in self._processes.items()}
        )

    async def start(self, specs: list[ProcessSpec], say: Say) -> None:
        """Start what does not run, replace what runs otherwise, await all. Raises NotReady."""
        async with self._changing:
            if self._told_to_stop:
                raise control.NotReady("the supervisor was told to end")
            for spec in specs:
                await self._take(spec)
            async with asyncio.TaskGroup() as group:
                waits = [group.create_task(self._until_ready(self._processes[spec.name], say)) for spec in specs]
            failed = next((reason for wait in waits if (reason := wait.result())), None)
            if failed is not None:
                raise control.NotReady(failed)

    async def stop(self, say: Say) -> None:
        # A start that still waits for readiness gives way.
        self._told_to_stop = True
        async with self._changing:
            await self._stop_each(reversed(list(self._processes)), say)
        self._done.set()

    async def end(self, names: list[str], say: Say) -> None:
        """Ends those of them that run; the others run on."""
        async with self._changing:
            await self._stop_each([name for name in names if name in self._processes], say)

    async def _stop_each(self, names: Iterable[str], say: Say) -> None:
        for name in names:
            say(f"stopping {name}")
            if await self._processes.pop(name).stop():
                say(f"{name} did not end when asked and was killed")

    async def _take(self, spec: ProcessSpec) -> None:
        known = self._processes.get(spec.name)
        if known is not None and known.spec.same_work_as(spec) and not known.ended:
            return
        if known is not None:
            await known.stop()
        process = Supervised(spec, self._ledger, self._layout.log, _log)
        self._processes[spec.name] = process
        process.start([self._processes[name] for name in spec.after if name in self._processes])

    async def _until_ready(self, process: Supervised, say: Say) -> str | None:
        """None, or why it is not ready."""
        name, clock = process.spec.name, asyncio.get_running_loop().time
        started, said = clock(), clock()
        while not process.ready.is_set():
            if self._told_to_stop:
                return f"{name} was told to stop before it was ready"
            if process.displaced and process.restarts:  # it had its turn, and the other is still there
                port = process.spec.ready.port
                return (
                    f"{name} has no port: another process listens on {port}; `make down` and `make up` find a free one"
                )
            if process.ended or clock() - started > process.spec.ready_seconds:
                why = "has ended" if process.ended else f"is not ready after {process.spec.ready_seconds:g} s"
                tail = "\n  ".join(last_lines(self._layout.log, name))
                return f"{name} {why}; its log {self._layout.log / name}.log ends with:\n  {tail}"
            if clock() - said > 5:
                said = clock()
                say(f"waiting for {name}, {said - started:.0f} s")
            await asyncio.sleep(0.05)
        say(f"{name} is ready ({clock() - started:.1f} s)")
        return None


def _log(line: str) -> None:
    sys.stdout.write(stamped(line))
    sys.stdout.flush()


def detach() -> None:
    """Leave the starter's session and let the starter's wait end: no terminal owns us and no parent must reap us."""
    os.umask(0o077)  # for all that we start: what they write is their owner's
    if os.fork():
        os._exit(0)
    os.setsid()
    # What our children leave behind comes to us instead of to init, so that we can reap it.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m aktivera.local.supervisor", description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    layout = Layout(parser.parse_args().root)
    detach()
    with (layout.run / "supervisor.lock").open("w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("another supervisor runs for this root")
        asyncio.run(Supervisor(layout).run())


if __name__ == "__main__":
    main()
