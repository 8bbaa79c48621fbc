"""`up` and `down` as a whole: what they promise to leave behind, after a kill too."""

import asyncio
import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from aktivera import SERVICES, STATISTICS
from aktivera.local import ports, stack
from aktivera.local.kafka import KafkaCannotRun
from aktivera.local.layout import Layout
from aktivera.local.ledger import SUPERVISOR, entries
from aktivera.local.postgres import Dsns
from aktivera.local.process_identity import Identity, gone, is_alive
from aktivera.local.services import Endpoints, migration_environment, service_environment

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def root(layout: Layout, jars: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A root with the repository's jars and with usual ports that are nobody's; nothing of it is left running."""
    layout.kafka.mkdir()
    (layout.kafka / "jars").symlink_to(jars)
    monkeypatch.setattr(ports, "DEFAULTS", {name: ports.free_port() for name in ports.DEFAULTS})
    yield layout.root
    stack.clean(layout.root, say=print)


def up(root: Path, said: list[str] | None = None) -> dict[str, object]:
    return stack.up(root, only_infrastructure=True, say=print if said is None else said.append)


def processes(root: Path) -> dict[str, Identity]:
    return {entry.name: entry.identity for entry in entries(Layout(root).state_file)}


def test_up_twice_then_a_killed_supervisor_then_up_and_down(root: Path) -> None:
    first = up(root)
    file = Layout(root).endpoints_file
    assert json.loads(file.read_text()) == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert first["broker"] == "kafka"
    assert set(first) == {"broker", "kafka", "postgres", "smtp", "mail"}
    started = processes(root)
    assert set(started) == {SUPERVISOR, "kafka", "postgres", "mail"}

    assert file.read_text().endswith("}\n")
    assert open_to_others(Layout(root)) == []

    assert up(root) == first
    assert processes(root) == started

    os.kill(started[SUPERVISOR].pid, signal.SIGKILL)
    asyncio.run(gone([started[SUPERVISOR]], 5))
    assert up(root) == first
    again = processes(root)
    assert not any(map(is_alive, started.values()))
    assert all(map(is_alive, again.values()))
    assert httpx.get(f"{first['mail']}/messages.json").json() == []

    os.kill(again[SUPERVISOR].pid, signal.SIGKILL)
    asyncio.run(gone([again[SUPERVISOR]], 5))
    stack.down(root, say=print)
    assert not any(map(is_alive, again.values()))
    log = (Layout(root).log / "supervisor.log").read_text()
    assert re.search(
        r"^\d{4}-\d\d-\d\d [\d:]{8} ended kafka \(pid \d+\), left by a supervisor that is gone$", log, re.M
    )
    assert not file.exists()


def open_to_others(layout: Layout) -> list[str]:
    """What somebody else could read: all but the way in, and the jars, which are everybody's."""
    found = [path for path in layout.home.iterdir() if path.stat().st_mode & 0o077 and path != layout.kafka]
    found += [path for path in (layout.kafka / "node", *layout.log.iterdir()) if path.stat().st_mode & 0o077]
    return [str(path) for path in found]


def test_two_ups_at_once_are_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKTIVERA_BROKER", "mock")
    found: list[dict[str, object]] = []
    both = [threading.Thread(target=lambda: found.append(up(root))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(40)
    assert found[0] == found[1]
    assert found[0]["broker"] == "mock"


def test_without_java_a_mock_takes_its_place_and_is_never_called_kafka(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for name in ("JAVA_HOME", "AKTIVERA_BROKER"):
        monkeypatch.delenv(name, raising=False)
    said: list[str] = []
    endpoints = up(root, said)
    assert endpoints["broker"] == "mock"
    assert any("which is not Kafka" in line for line in said)
    assert asyncio.run(round_trip(str(endpoints["kafka"]))) == [b"one", b"two"]
    stack.down(root, say=print)

    monkeypatch.setenv("AKTIVERA_BROKER", "kafka")
    with pytest.raises(KafkaCannotRun, match="To fix it: install Java"):
        up(root)


async def round_trip(broker: str) -> list[bytes]:
    """As a service does it: idempotent produce, read in a group, commit; then the rest from what was committed."""
    producer = AIOKafkaProducer(bootstrap_servers=broker, enable_idempotence=True)
    await producer.start()
    for value in (b"one", b"two"):
        await producer.send_and_wait("facts", value, key=b"k")
    await producer.stop()
    options = {"bootstrap_servers": broker, "group_id": "g", "enable_auto_commit": False}
    member = AIOKafkaConsumer("facts", auto_offset_reset="earliest", **options)
    await member.start()
    first = await member.getone()
    place = TopicPartition(first.topic, first.partition)
    await member.commit({place: first.offset + 1})
    await member.stop()
    later = AIOKafkaConsumer(auto_offset_reset="none", **options)
    await later.start()
    later.assign([place])
    second = await later.getone()
    await later.stop()
    return [first.value, second.value]


def test_each_service_is_told_its_own_settings_and_no_more(tmp_path: Path) -> None:
    chosen = {name: number for number, name in enumerate(ports.DEFAULTS, start=1)}
    names = ("onboarding", "activation", "notifier")
    dsns = {
        n: Dsns(f"postgresql://{n}_owner:s3@127.0.0.1:1/{n}", f"postgresql://{n}:s3@127.0.0.1:1/{n}") for n in names
    }
    endpoints = Endpoints("kafka", "127.0.0.1:9", chosen, dsns)
    notifier = service_environment("notifier", endpoints, tmp_path)
    assert notifier["NOTIFIER_DATABASE_DSN"] == "postgresql://notifier@127.0.0.1:1/notifier"
    assert notifier["NOTIFIER_SMTP_PORT"] == str(chosen["smtp"])
    assert {name for name in notifier if not name.startswith(("AKTIVERA_", "NOTIFIER_"))} == set()
    assert "ONBOARDING_VAULT_KEY_FILE" in service_environment("onboarding", endpoints, tmp_path)
    owners = migration_environment(endpoints, tmp_path)
    assert owners["ACTIVATION_OWNER_DSN"] == "postgresql://activation_owner@127.0.0.1:1/activation"
    assert not any("s3" in value for value in (*notifier.values(), *owners.values()))


@pytest.mark.timeout(300)
def test_without_the_statistics_all_the_rest_runs_and_with_them_they_come_too(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the mock broker, so that it is quick; a service that waited for insights would not become ready."""
    monkeypatch.setenv("AKTIVERA_BROKER", "mock")
    monkeypatch.setenv("AKTIVERA_INSIGHTS", "false")
    without = stack.up(root, say=print)
    assert STATISTICS not in without
    assert STATISTICS not in processes(root)
    assert set(SERVICES) <= set(without)
    monkeypatch.setenv("AKTIVERA_INSIGHTS", "true")
    assert stack.up(root, say=print).keys() - without.keys() == {STATISTICS}
    before = processes(root)
    assert STATISTICS in before
    monkeypatch.setenv("AKTIVERA_INSIGHTS", "false")
    assert stack.up(root, say=print).keys() == without.keys()
    assert processes(root) == {name: process for name, process in before.items() if name != STATISTICS}
