"""Owns the end of what a killed supervisor left running: exactly the processes its ledger records, and nothing else."""

import signal

from aktivera.local import control
from aktivera.local.layout import Layout, Say
from aktivera.local.ledger import SUPERVISOR, entries
from aktivera.local.log_files import note
from aktivera.local.process_identity import end, is_alive


async def end_leftovers(layout: Layout, say: Say) -> bool:
    """In reverse order of starting; answers whether there was any. A pid that is another process's is passed over.

    They are ended rather than adopted: only a parent learns how its child ended, and a clean start takes seconds.
    """
    found: list[str] = []

    def tell(line: str) -> None:
        found.append(line)
        note(layout.log, SUPERVISOR, line)

    recorded = entries(layout.state_file)
    # First, so that a hung supervisor cannot start again what is ended below. One that hangs at its very end has left
    # the ledger already, and still holds the lock.
    supervisors = {entry.identity for entry in recorded if entry.name == SUPERVISOR} | {control.holder(layout)}
    for each in supervisors:
        if each is not None and is_alive(each):
            say(f"the supervisor (pid {each.pid}) does not answer; ending it")
            await end(each, signal.SIGKILL, 5)
            tell(f"ended the hung supervisor (pid {each.pid})")
    for entry in reversed(recorded):
        if entry.name != SUPERVISOR and is_alive(entry.identity):
            say(f"ending {entry.name} (pid {entry.identity.pid}), left by a supervisor that is gone")
            ended = await end(entry.identity, entry.stop_signal, entry.grace_seconds)
            if ended.killed:
                say(f"{entry.name} did not end when asked and was killed")
            orphans = "".join(f"; its orphan pid {orphan.pid}" for orphan in ended.orphans)
            tell(f"ended {entry.name} (pid {entry.identity.pid}), left by a supervisor that is gone{orphans}")
    for trace in (layout.state_file, layout.mock_address):
        trace.unlink(missing_ok=True)
    return bool(found)
