"""The supervisor's promises: order, restarts, nothing left behind, and never a signal to a process it did not start."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import pytest

from aktivera.local import control
from aktivera.local.backoff import Backoff
from aktivera.local.layout import CODE_ROOT, Layout, read_json, replace_json
from aktivera.local.ledger import SUPERVISOR, Entry, entries
from aktivera.local.leftovers import end_leftovers
from aktivera.local.log_files import last_lines, open_log, rotate
from aktivera.local.process_identity import Identity, identity_of, is_alive
from aktivera.local.process_spec import Probe
from tests.eventually import eventually
from tests.integration.local.conftest import births, end_everything, listener, running

pytestmark = pytest.mark.timeout(60)


def find(layout: Layout, name: str) -> Identity | None:
    return next((entry.identity for entry in entries(layout.state_file) if entry.name == name), None)


async def test_processes_start_in_order_and_stop_in_reverse(supervisor: Layout) -> None:
    first, second = listener("first"), listener("second", after=("first",))
    said: list[str] = []
    await control.start(supervisor, [first, second], said.append)
    assert births(supervisor, "first")[0] < births(supervisor, "second")[0]
    processes = [running(supervisor, name) for name in ("first", "second", SUPERVISOR)]

    await control.stop(supervisor, said.append)

    assert said[-2:] == ["stopping second", "stopping first"]
    assert not any(map(is_alive, processes))
    assert not supervisor.state_file.exists()


async def test_a_killed_process_is_started_again_later_each_time(supervisor: Layout) -> None:
    await control.start(supervisor, [listener("fragile")], print)
    for times in (1, 2, 3):
        killed = running(supervisor, "fragile")
        os.kill(killed.pid, signal.SIGKILL)

        async def reborn(killed: Identity = killed) -> bool:
            now = find(supervisor, "fragile")
            return now not in {None, killed} and (await control.status(supervisor) or {}).get("fragile", False)

        await eventually(reborn, 10)
        assert len(births(supervisor, "fragile")) == times + 1
    born = births(supervisor, "fragile")
    pauses = [later - earlier for earlier, later in pairwise(born)]
    assert pauses[0] >= 0.5
    assert pauses[1] >= 1.0
    assert pauses[2] >= 2.0


async def test_a_process_that_never_gets_ready_is_named_with_the_end_of_its_log(supervisor: Layout) -> None:
    code = "print('the reason', flush=True); raise SystemExit(3)"
    broken = replace(listener("broken"), command=(sys.executable, "-S", "-c", code), ready_seconds=5.0)
    with pytest.raises(control.NotReady, match=r"broken is not ready after 5 s(.|\n)*the reason"):
        await control.start(supervisor, [broken], print)


async def test_a_second_start_leaves_the_same_processes_and_replaces_a_changed_one(supervisor: Layout) -> None:
    same, changing = listener("same"), listener("changing")
    await control.start(supervisor, [same, changing], print)
    before = running(supervisor, "same"), running(supervisor, "changing")

    elsewhere = replace(same, env={**same.env, "PATH": "/elsewhere:/bin"})
    await control.start(supervisor, [elsewhere, replace(changing, env={"AKTIVERA_X": "new"})], print)

    assert running(supervisor, "same") == before[0]
    assert running(supervisor, "changing") != before[1]
    assert not is_alive(before[1])


async def test_after_kill_9_of_the_supervisor_its_processes_are_ended(supervisor: Layout) -> None:
    await control.start(supervisor, [listener("one"), listener("two")], print)
    one, two, dying = (running(supervisor, name) for name in ("one", "two", SUPERVISOR))
    os.kill(dying.pid, signal.SIGKILL)
    await eventually(lambda: _true(not control.is_running(supervisor)), 20)
    assert is_alive(one)
    assert is_alive(two)

    await end_leftovers(supervisor, print)

    assert not is_alive(one)
    assert not is_alive(two)
    assert not supervisor.state_file.exists()


async def test_a_hung_supervisor_is_told_from_a_healthy_one_and_ended(
    supervisor: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_ANSWER_SECONDS", 0.3)
    await control.start(supervisor, [listener("one")], print)
    one, hung = running(supervisor, "one"), running(supervisor, SUPERVISOR)
    os.kill(hung.pid, signal.SIGSTOP)
    with pytest.raises(control.NoSupervisor):
        await control.status(supervisor)

    await end_leftovers(supervisor, print)

    assert not is_alive(hung)
    assert not is_alive(one)


@pytest.mark.parametrize("forged", ["start time", "boot"])
async def test_a_reused_pid_is_never_signalled(layout: Layout, forged: str) -> None:
    with child_of_ours(sys.executable, "-S", "-c", "input()") as stranger:
        real = identity_of(stranger.pid)
        assert real is not None
        wrong = replace(real, started=real.started - 1) if forged == "start time" else replace(real, boot="another")
        facts = {"stop_signal": int(signal.SIGTERM), "grace_seconds": 1.0}
        replace_json(layout.state_file, {"processes": {name: asdict(wrong) | facts for name in ("kafka", SUPERVISOR)}})
        assert [entry.identity for entry in entries(layout.state_file)] == [wrong, wrong]

        await end_leftovers(layout, print)

        assert is_alive(real)
        stranger.communicate(b"\n", timeout=10)
        assert stranger.returncode == 0


async def test_a_process_lives_until_its_last_thread_has_ended() -> None:
    """Killed, its first thread may be a zombie while another still holds the lock: asked then, it seemed to run on."""
    start = "import ctypes, sys, threading; threading.Thread(target=sys.stdin.read).start()"
    with child_of_ours(sys.executable, "-S", "-c", f"{start}; ctypes.CDLL(None).pthread_exit(0)") as child:
        identity = identity_of(child.pid)
        assert identity is not None
        await eventually(lambda: _true("(zombie)" in Path(f"/proc/{child.pid}/status").read_text()), 10)
        assert is_alive(identity)
        child.communicate(timeout=10)
        assert not is_alive(identity)


async def test_nothing_runs_that_the_ledger_does_not_name(layout: Layout) -> None:
    """The gate: a supervisor killed between the birth of a process and its entry leaves a shell that goes by itself."""
    from aktivera.local.supervised import _GATE

    trace = layout.run / "trace"
    with child_of_ours(*_GATE, "/bin/sh", "-c", f"echo ran > {trace}") as gated:
        assert gated.stdin is not None
        gated.stdin.close()
        assert gated.wait(10) != 0
    assert not trace.exists()


async def test_it_survives_the_terminal_it_was_started_from(layout: Layout) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from aktivera.local import control; "
        "from aktivera.local.layout import Layout; asyncio.run(control.launch(Layout(Path(sys.argv[1]))))"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(CODE_ROOT)
        os.execv(sys.executable, [sys.executable, "-c", code + "; input()", str(layout.root)])
    try:
        await eventually(lambda: _true(find(layout, SUPERVISOR) is not None and control.is_running(layout)), 15)
        await eventually(lambda: _answers(layout), 10)
        supervisor = running(layout, SUPERVISOR).pid
        assert os.getsid(supervisor) == supervisor, "in a session of its own, which no terminal controls"
        # The terminal goes: its foreground gets SIGHUP.
        os.close(terminal)
        await asyncio.to_thread(os.waitpid, pid, 0)
        assert await control.status(layout) == {}
    finally:
        await end_everything(layout)


async def test_a_start_that_waits_gives_way_to_stop(supervisor: Layout) -> None:
    never = replace(listener("never"), ready=Probe("file", path="/nowhere"))
    starting = asyncio.create_task(control.start(supervisor, [never], print))
    await eventually(lambda: _true(find(supervisor, "never") is not None), 20)
    process = running(supervisor, "never")
    await control.stop(supervisor, print)
    with pytest.raises(control.NotReady, match="told to stop"):
        await starting
    assert not is_alive(process)


def test_logs_are_kept_in_bounds_while_their_writer_holds_them_open(layout: Layout) -> None:
    with os.fdopen(open_log(layout.log, "chatty"), "w") as writer:
        writer.write("old " * 100)
        writer.flush()
        assert rotate(layout.log, "chatty", max_bytes=100)
        writer.write("new")
    assert (layout.log / "chatty.log").read_text() == "new"
    assert (layout.log / "chatty.log.1").read_text().startswith("old")
    assert last_lines(layout.log, "chatty") == ["new"]


def test_the_wait_doubles_up_to_half_a_minute_and_is_short_again_after_a_good_run() -> None:
    backoff = Backoff()
    assert [backoff.after_run(0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.after_run(59) == 30
    assert backoff.after_run(60) == 0.5


async def test_two_supervisors_never_run_for_one_root(supervisor: Layout) -> None:
    first = running(supervisor, SUPERVISOR)
    await control.launch(supervisor)
    assert running(supervisor, SUPERVISOR) == first
    assert is_alive(first)


async def test_a_process_that_had_to_be_killed_is_told(supervisor: Layout) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    deaf = replace(
        listener("deaf"), command=(sys.executable, "-S", "-c", code), ready=Probe("file", path="/"), grace_seconds=0.2
    )
    await control.start(supervisor, [deaf], print)
    await eventually(lambda: _true("deaf" in (supervisor.log / "deaf.log").read_text()), 20)
    said: list[str] = []
    await control.stop(supervisor, said.append)
    assert said == ["stopping deaf", "deaf did not end when asked and was killed"]


async def test_orphans_of_a_process_are_ended_with_it(supervisor: Layout) -> None:
    code = (
        "import subprocess, sys, time; child = subprocess.Popen(['sleep', '600']); "
        "print('child', child.pid, flush=True); time.sleep(600)"
    )
    parent = replace(listener("parent"), command=(sys.executable, "-S", "-c", code), ready=Probe("file", path="/"))
    await control.start(supervisor, [parent], print)

    async def child() -> Identity | None:
        words = (supervisor.log / "parent.log").read_text().split()
        return identity_of(int(words[1])) if len(words) == 2 else None

    orphan = await eventually(child, 20)
    assert orphan is not None
    await control.stop(supervisor, print)
    await eventually(lambda: _true(not is_alive(orphan)), 20)
    assert f"ended pid {orphan.pid}, left by parent" in (supervisor.log / "supervisor.log").read_text()


def test_an_unreadable_ledger_names_no_process(layout: Layout) -> None:
    layout.state_file.write_text('{"processes": {"a": {"pid": 1}, "b": 7, "c": {"pid": "x"}')
    assert entries(layout.state_file) == []
    layout.state_file.write_text(
        '{"processes": {"a": {"pid": 1, "started": 2, "boot": "x", "stop_signal": 15}, "b": 7}}'
    )
    assert entries(layout.state_file) == []
    assert Entry.parse("a", read_json(layout.state_file)) is None


def child_of_ours(*command: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdin=subprocess.PIPE)


async def _true(fact: bool) -> bool:
    return fact


async def _answers(layout: Layout) -> bool:
    try:
        return await control.status(layout) is not None
    except control.NoSupervisor:
        return False
