"""Owns the end of what a killed supervisor left running: exactly the processes its ledger records, and nothing else."""

import signal

from aktivera.local.layout import Layout, Say
from aktivera.local.ledger import SUPERVISOR, entries
from aktivera.local.process_identity import end, is_alive


async def end_leftovers(layout: Layout, say: Say) -> None:
    """In reverse order of starting. An entry whose pid now belongs to another process is passed over, unsignalled.

    They are ended rather than adopted: only a parent learns how its child ended, and a clean start takes seconds.
    """
    recorded = entries(layout.state_file)
    for entry in recorded:
        # First, so that a hung supervisor cannot start again what is ended below.
        if entry.name == SUPERVISOR and is_alive(entry.identity):
            say(f"the supervisor (pid {entry.identity.pid}) does not answer; ending it")
            await end(entry.identity, signal.SIGKILL, 5)
    for entry in reversed(recorded):
        if entry.name != SUPERVISOR and is_alive(entry.identity):
            say(f"ending {entry.name} (pid {entry.identity.pid}), left by a supervisor that is gone")
            await end(entry.identity, entry.stop_signal, entry.grace_seconds)
    for trace in (layout.state_file, layout.mock_address):
        trace.unlink(missing_ok=True)
