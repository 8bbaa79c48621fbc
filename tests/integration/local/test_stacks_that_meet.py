"""A stack that meets another one, or its own end: neither is taken for its own beginning."""

import asyncio
import os
import signal
from dataclasses import replace

import pytest

from aktivera.local import control
from aktivera.local.layout import Layout
from aktivera.local.ledger import SUPERVISOR
from aktivera.local.leftovers import end_leftovers
from aktivera.local.process_identity import is_alive
from tests.eventually import eventually
from tests.integration.local.conftest import listener, running

pytestmark = pytest.mark.timeout(60)


async def test_what_another_process_answers_on_its_port_is_not_taken_for_its_own(
    supervisor: Layout, busy_port: int
) -> None:
    """Two stacks that begin at once find the same port free; one would then work on the other's broker."""
    second = listener("second", port=busy_port)
    with pytest.raises(control.NotReady, match=f"second has no port: another process listens on {busy_port}"):
        await control.start(supervisor, [second], print)
    assert await control.status(supervisor) == {"second": False}


async def test_what_is_asked_while_all_is_ended_starts_nothing_and_waits_for_the_end(supervisor: Layout) -> None:
    """Whoever told it to end may be killed: an `up` behind it was refused, and left a supervisor that never ended."""
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    loud = listener("slow")
    slow = replace(loud, command=(*loud.command[:-1], deaf + loud.command[-1]), grace_seconds=2.0)
    await control.start(supervisor, [slow], print)
    dying, said = running(supervisor, SUPERVISOR), list[str]()
    ending = asyncio.create_task(control.stop(supervisor, said.append))
    await eventually(lambda: _true("stopping slow" in said), 20)
    starting = asyncio.create_task(control.start(supervisor, [listener("late")], print))

    assert await control.status(supervisor) is None

    assert not is_alive(dying)
    with pytest.raises(control.NotReady, match="told to end"):
        await starting
    await ending


async def test_a_supervisor_that_hangs_at_its_very_end_is_ended(
    supervisor: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has left the ledger by then, and held the lock: nothing could be started any more."""
    monkeypatch.setattr(control, "_ANSWER_SECONDS", 0.3)
    hung = running(supervisor, SUPERVISOR)
    os.kill(hung.pid, signal.SIGSTOP)
    supervisor.state_file.unlink()

    await end_leftovers(supervisor, print)

    assert not is_alive(hung)
    assert not control.is_running(supervisor)


async def _true(fact: bool) -> bool:
    return fact
