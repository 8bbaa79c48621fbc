"""Owns `up`, `down` and `clean`: the local stack as a whole, from nothing to endpoints.json and back."""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from aktivera import SERVICES, STATISTICS
from aktivera.local import control, credentials, infrastructure, ports, set_back, swap
from aktivera.local.broker import Broker
from aktivera.local.kafka import KafkaCannotRun
from aktivera.local.layout import Layout, Say, replace_json
from aktivera.local.leftovers import end_leftovers
from aktivera.local.postgres import PostgresNode
from aktivera.local.postgres.binaries import PostgresCannotRun
from aktivera.local.services import Endpoints, migration_environment, service_spec
from aktivera.local.surroundings import base_environment, starter_environment
from aktivera.settings import StackSettings
from chassis.migrate import LockHeld

Step = Callable[[Mapping[str, str]], None]
# What a person can act on from its message alone.
FAILURES = (KafkaCannotRun, PostgresCannotRun, LockHeld, control.NotReady, control.NoSupervisor)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def up(root: Path, *, only_infrastructure: bool = False, say: Say = tell) -> dict[str, object]:
    """Everything runs and is ready when it returns the content of endpoints.json; what runs already is left alone.

    Raises one of FAILURES. What had started by then runs on, for a look at it, until `down`.
    """
    layout = Layout(root)
    with layout.one_command_at_a_time(say):
        return asyncio.run(_up(layout, only_infrastructure, say))


def down(root: Path, *, say: Say = tell) -> None:
    """No process of this root is left when it returns. The data stays."""
    layout = Layout(root)
    with layout.one_command_at_a_time(say):
        asyncio.run(bring_down(layout, say))


def clean(root: Path, *, say: Say = tell) -> None:
    """`down`, and the data goes too. The broker's jars stay: they are the same for everyone."""
    layout = Layout(root)
    with layout.one_command_at_a_time(say):
        asyncio.run(bring_down(layout, say))
        PostgresNode(layout.postgres, 0, layout.secrets).remove()
        swap.remove(layout)
        for path in (layout.kafka / "node", layout.mail, layout.log, layout.secrets, layout.backup_in_hand):
            shutil.rmtree(path, ignore_errors=True)
        layout.ports_file.unlink(missing_ok=True)


async def _up(layout: Layout, only_infrastructure: bool, say: Say) -> dict[str, object]:
    if layout.decided_restore.exists():
        await bring_down(layout, say)
        swap.finish(layout, say)
    environment = starter_environment()
    running = await _running(layout, say)
    chosen = ports.choose(layout.ports_file, say, in_use_by_us=_ports_of(running))
    credentials.ensure_keys(layout.secrets)
    under = await infrastructure.prepare(layout, chosen, environment, say)
    if running and (why := _another_broker(under.broker, running)):
        say(f"{why}: stopping what runs")
        await bring_down(layout, say)
        running = {}
    if not running:
        await control.launch(layout)
    await control.start(layout, under.specs(), say)
    endpoints = await infrastructure.endpoints(under, layout, chosen, SERVICES, say)
    served = {"mail": chosen["mail"]}
    if not only_infrastructure:
        await _one_shot_steps(endpoints, layout, say)
        if under.broker.kind == "kafka":
            await set_back.heed(layout.secrets, under.postgres.superuser_dsn, "notifier", say)
        base = base_environment(environment)
        names = (*SERVICES, STATISTICS) if StackSettings().insights else SERVICES
        specs = [service_spec(name, endpoints, layout.secrets.resolve(), base) for name in names]
        await control.start(layout, specs, say)
        if STATISTICS in running and STATISTICS not in names:
            await control.end(layout, [STATISTICS], say)
        served |= {name: chosen[name] for name in names}
    content = endpoints.to_json(served)
    replace_json(layout.endpoints_file, content)
    return content


async def _one_shot_steps(endpoints: Endpoints, layout: Layout, say: Say) -> None:
    """Schema and topics, before any service starts."""
    from aktivera.provisioning import create_topics, migrate_all

    settings = migration_environment(endpoints, layout.secrets.resolve())
    migrated = await asyncio.to_thread(migrate_all, settings)
    steps = sum(map(len, migrated.values()))
    # The mock makes a topic at its first use and refuses to be asked for one.
    topics = await asyncio.to_thread(create_topics, settings) if endpoints.broker == "kafka" else []
    done = [f"{steps} migrations run"] * bool(steps) + [f"{len(topics)} topics created"] * bool(topics)
    say(", ".join(done) or "schema and topics are up to date")


def _another_broker(broker: Broker, running: Mapping[str, bool]) -> str | None:
    """Why what runs cannot go on beside `broker`; None where it can."""
    name = broker.spec.name
    if name not in running:
        return "the broker is another one than before"
    return "the mock broker has ended, and with it all it held" if broker.kind == "mock" and not running[name] else None


async def _running(layout: Layout, say: Say) -> dict[str, bool]:
    """The processes of a healthy supervisor. Without one nothing of ours runs when this returns."""
    try:
        found = await control.status(layout)
    except control.NoSupervisor:
        found = None
    if found is None:
        await end_leftovers(layout, say)
    return found or {}


async def bring_down(layout: Layout, say: Say) -> None:
    """`down`, for who holds the lock already."""
    layout.endpoints_file.unlink(missing_ok=True)
    ran = False
    try:
        ran = await control.status(layout) is not None
        if ran:
            await control.stop(layout, say)
    except (control.NoSupervisor, OSError) as reason:
        say(str(reason))
        ran = True
    left = await end_leftovers(layout, say)
    if not ran and not left:
        say("nothing is running")


def _ports_of(running: Mapping[str, bool]) -> set[str]:
    """The names of ports that these processes hold."""
    names = set(running)
    if "kafka" in names:
        names.add("kafka-controller")
    if "mail" in names:
        names.add("smtp")
    return names


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m aktivera.local.stack", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "clean"))
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--only-infrastructure", action="store_true")
    asked = parser.parse_args()
    try:
        if asked.command == "up":
            up(asked.root, only_infrastructure=asked.only_infrastructure)
        else:
            {"down": down, "clean": clean}[asked.command](asked.root)
    except FAILURES as failure:
        tell(f"failed: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
