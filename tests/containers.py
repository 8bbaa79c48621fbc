"""Containers for tests: whether an engine runs here, and the second infrastructure: Kafka and Postgres in them."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer

from aktivera.local.credentials import password
from aktivera.local.ports import LOOPBACK, free_port
from aktivera.local.probes import until_ready
from aktivera.local.process_spec import Probe
from chassis.settings import environment
from tests.infrastructure import ROOT, Infrastructure

POSTGRES = "postgres:18"
KAFKA = "apache/kafka:4.4.0"
NOT_RUN = "not run: no container engine answers, and AKTIVERA_DOCKER_UP names no command that starts one"
UP_SECONDS = 1500


@cache
def _engine_answers() -> bool:
    """An engine, and Compose for this user: the plugin may be missing where another user started the engine."""
    try:
        asked = [
            subprocess.run(["docker", *question], capture_output=True, timeout=30, check=False).returncode
            for question in (["info"], ["compose", "version"])
        ]
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked == [0, 0]


def progress(config: pytest.Config) -> Callable[[str], None]:
    """Says how far a long step has come, at once and past the capture of what tests print."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    assert capture is not None

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            sys.stdout.write(f"\n{line}")
            sys.stdout.flush()

    return say


def require_engine(say: Callable[[str], None]) -> None:
    """Returns with an engine running; starts one by the command in AKTIVERA_DOCKER_UP. Else the test is not run."""
    if _engine_answers():
        return
    command = environment().get("AKTIVERA_DOCKER_UP")
    if not command:
        pytest.skip(NOT_RUN)
    say(f"containers: starting an engine with `{command}`; the first time takes minutes")
    subprocess.run(command, shell=True, cwd=ROOT, timeout=UP_SECONDS, check=True)
    _engine_answers.cache_clear()
    assert _engine_answers(), f"no engine answers after `{command}`"


def _kafka(port: int) -> DockerContainer:
    """One node; clients reach it at the port of this machine that it is told to advertise."""
    settings = {
        "PROCESS_ROLES": "broker,controller",
        "NODE_ID": "1",
        "LISTENERS": "CLIENT://:9092,CONTROLLER://localhost:9093",
        "ADVERTISED_LISTENERS": f"CLIENT://{LOOPBACK}:{port}",
        "LISTENER_SECURITY_PROTOCOL_MAP": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "INTER_BROKER_LISTENER_NAME": "CLIENT",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "HEAP_OPTS": "-Xms256m -Xmx512m",
    }
    container = DockerContainer(KAFKA).with_bind_ports(9092, port)
    for name, value in settings.items():
        container.with_env(f"KAFKA_{name}", value)
    return container.with_tmpfs_mount("/opt/kafka/config", "uid=1000,gid=1000")  # the image writes its settings there


def _postgres(secret: str) -> PostgresContainer:
    container = PostgresContainer(POSTGRES, username="postgres", password=secret, dbname="postgres", driver=None)
    container.with_env("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8")
    container.with_command("postgres -c max_connections=200 -c shared_buffers=256MB -c max_wal_size=4GB")
    return container


async def start_containers(folder: Path) -> Infrastructure:
    """Kafka and Postgres from their own images, gone when the run ends."""
    require_engine(print)
    port, secrets = free_port(), folder / "secrets"
    kafka, postgres = _kafka(port), _postgres(password(secrets, "postgres-superuser"))

    def stop() -> None:
        for container in (kafka, postgres):
            container.stop()

    try:
        for container in (kafka, postgres):  # Kafka is up when Postgres has been waited for
            await asyncio.to_thread(container.start)
        assert await until_ready(Probe("kafka", port), 90), f"Kafka is not ready: {kafka.get_logs()}"
    except BaseException:
        stop()
        raise
    superuser_dsn = postgres.get_connection_url(host=LOOPBACK)
    return Infrastructure(f"{LOOPBACK}:{port}", superuser_dsn, secrets, stop_containers=stop)
