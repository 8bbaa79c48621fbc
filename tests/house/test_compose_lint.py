"""docker-compose.yml and Dockerfile: no finding of compose-lint or hadolint, and no container is held to less."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from aktivera.secret_files import ALL, SHARES, make_secrets
from tests.house.tree import ROOT

BIN = Path(sys.executable).parent
COMPOSE, DOCKERFILE, CONFIG = ROOT / "docker-compose.yml", ROOT / "Dockerfile", ROOT / ".compose-lint.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
JOBS = {"secrets", "migrate", "topics", "demo", "aktivera"}
LONG_RUNNING = sorted(SERVICES.keys() - JOBS)


def _compose_findings(file: Path) -> list[str]:
    command = ["check", "--format", "json", "--strict-config", "--no-env", "--no-merge-overrides", "--config"]
    done = subprocess.run(
        [BIN / "compose-lint", *command, CONFIG, file], capture_output=True, text=True, check=False, timeout=60
    )
    findings = json.loads(done.stdout)["findings"]
    return [f"{each['rule_id']} {each['service']}: {each['message']}" for each in findings if not each["suppressed"]]


def _dockerfile_findings(file: Path) -> list[str]:
    done = subprocess.run(
        [BIN / "hadolint", "--no-color", "--format", "json", file],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return [f"{each['code']}: {each['message']}" for each in json.loads(done.stdout)]


def test_compose_lint_finds_nothing() -> None:
    assert _compose_findings(COMPOSE) == []


def test_hadolint_finds_nothing() -> None:
    assert _dockerfile_findings(DOCKERFILE) == []


@pytest.mark.parametrize(
    ("line", "planted", "rule"),
    [
        ("  cap_drop: [ALL]\n", "", "CL-0006"),
        ("  read_only: true\n", "", "CL-0007"),
        ('  security_opt: ["no-new-privileges:true"]\n', "", "CL-0003"),
        ("  mem_limit: 256m\n", "", "CL-0026"),
        ('"127.0.0.1:${MAIL_PAGE_PORT:-8125}:8025"', '"8125:8025"', "CL-0005"),
        ("POSTGRES_PASSWORD_FILE: /secrets/postgres-superuser", "POSTGRES_PASSWORD: hunter2hunter2", "CL-0020"),
        ("postgresql://onboarding@", "postgresql://onboarding:hunter2hunter2@", "CL-0021"),
        ("apache/kafka:4.4.0${KAFKA_DIGEST:-}", "apache/kafka", "CL-0004"),
    ],
)
def test_a_planted_weakness_is_found(line: str, planted: str, rule: str, tmp_path: Path) -> None:
    content = COMPOSE.read_text(encoding="utf-8")
    assert line in content
    (tmp_path / "docker-compose.yml").write_text(content.replace(line, planted), encoding="utf-8")
    assert rule in {finding.split()[0] for finding in _compose_findings(tmp_path / "docker-compose.yml")}


@pytest.mark.parametrize(
    ("line", "planted", "rule"),
    [
        ("FROM python:3.13-slim AS code", "FROM python AS code", "DL3006:"),
        ("USER 10001:10001\nENTRYPOINT", "USER root\nENTRYPOINT", "DL3002:"),
        ("WORKDIR /app", "WORKDIR app", "DL3000:"),
    ],
)
def test_a_planted_fault_in_the_dockerfile_is_found(line: str, planted: str, rule: str, tmp_path: Path) -> None:
    content = DOCKERFILE.read_text(encoding="utf-8")
    assert line in content
    (tmp_path / "Dockerfile").write_text(content.replace(line, planted), encoding="utf-8")
    assert rule in {finding.split()[0] for finding in _dockerfile_findings(tmp_path / "Dockerfile")}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_is_limited_and_not_root(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in {"0", "root"}
    assert service["pids_limit"] > 0
    assert service["cpus"] > 0
    assert service["mem_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service.get("network_mode") == "none" or "default" not in service["networks"]


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_long_running_container_tells_its_health_and_has_time_to_stop(name: str) -> None:
    service = SERVICES[name]
    assert {"test", "interval", "timeout", "retries", "start_period", "start_interval"} <= service["healthcheck"].keys()
    assert service["restart"] == "unless-stopped"
    assert int(service["stop_grace_period"].removesuffix("s")) > 10


def test_the_statistics_can_be_left_out_and_nobody_starts_after_them() -> None:
    assert SERVICES["insights"]["scale"] == "${INSIGHTS_REPLICAS:-1}"
    assert [name for name, service in SERVICES.items() if "insights" in service.get("depends_on", {})] == []


def test_only_web_pages_are_published_and_only_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"onboarding", "activation", "notifier", "insights", "mailpit"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_each_container_mounts_its_own_secrets_alone() -> None:
    for name in sorted(SERVICES.keys() - {"secrets"}):
        mounted = [each.split(":")[0] for each in SERVICES[name].get("volumes", []) if each.startswith("secrets")]
        assert set(mounted) <= {f"secrets-{name}"}


def test_every_secret_that_a_container_is_told_to_read_is_in_its_share() -> None:
    for name, service in SERVICES.items():
        values = [value for value in service.get("environment", {}).values() if str(value).startswith("/secrets/")]
        assert {Path(value).name for value in values} <= set(SHARES.get(name, ())), name


def test_secrets_are_made_once_and_shared_out(tmp_path: Path) -> None:
    made = make_secrets(tmp_path)
    contents = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert set(made) == {name for names in SHARES.values() for name in names}
    assert len({(tmp_path / ALL / name).read_text() for name in made}) == len(made)
    assert make_secrets(tmp_path) == []
    assert contents == {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / ALL).iterdir()} == {0o600}
    for recipient, names in SHARES.items():
        share = list((tmp_path / recipient).iterdir())
        assert {path.name for path in share} == set(names)
        # Postgres runs as another user than the one that writes its share.
        assert {path.stat().st_mode & 0o777 for path in share} == {0o444 if recipient == "postgres" else 0o400}
