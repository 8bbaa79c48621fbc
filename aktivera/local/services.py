"""Owns what the local stack tells each service: its settings by name, and how it is started."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aktivera.local import credentials
from aktivera.local.layout import CODE_ROOT
from aktivera.local.ports import LOOPBACK
from aktivera.local.postgres.provision import Dsns
from aktivera.local.process_spec import Probe, ProcessSpec


@dataclass(frozen=True)
class Endpoints:
    """Where everything listens, as far as it runs."""

    broker: str
    kafka: str
    ports: Mapping[str, int]
    postgres: Mapping[str, Dsns]

    def to_json(self, running: Mapping[str, int]) -> dict[str, object]:
        """The content of endpoints.json; `running` names the HTTP parts that run."""
        postgres = {service: dsns.service for service, dsns in self.postgres.items()}
        urls = {name: url(port) for name, port in running.items()}
        smtp = f"{LOOPBACK}:{self.ports['smtp']}"
        return {"broker": self.broker, "kafka": self.kafka, "postgres": postgres, "smtp": smtp, **urls}


def url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def common_environment(endpoints: Endpoints, secrets: Path) -> dict[str, str]:
    return {
        "AKTIVERA_ENVIRONMENT": "local",
        "AKTIVERA_KAFKA_BOOTSTRAP": endpoints.kafka,
        "AKTIVERA_TOPIC_PREFIX": "",
        "AKTIVERA_TOKEN_ISSUER": "https://aktivera.local",
        "AKTIVERA_TOKEN_AUDIENCE": "aktivera",
        "AKTIVERA_TOKEN_KEYS_FILE": str(secrets / credentials.PUBLIC_KEYS),
        "AKTIVERA_HELD_KEY_FILE": str(secrets / credentials.HELD_KEY),
    }


def service_environment(name: str, endpoints: Endpoints, secrets: Path) -> dict[str, str]:
    """What service `name` reads, and no more: another's database, or an owner's password, is not in it."""
    prefix = name.upper()
    own = {f"{prefix}_HTTP_HOST": LOOPBACK, f"{prefix}_HTTP_PORT": str(endpoints.ports[name])}
    if name in endpoints.postgres:
        own[f"{prefix}_DATABASE_DSN"] = _without_password(endpoints.postgres[name].service)
        own[f"{prefix}_DATABASE_PASSWORD_FILE"] = str(secrets / f"postgres-{name}")
    if name == "onboarding":
        own["ONBOARDING_VAULT_KEY_FILE"] = str(secrets / credentials.VAULT_KEY)
        own["ONBOARDING_VAULT_PEPPER_FILE"] = str(secrets / credentials.VAULT_PEPPER)
        own["ONBOARDING_INTAKE_KEYS_FILE"] = str(secrets / credentials.INTAKE_KEYS)
    if name in ("activation", "notifier"):
        own[f"{prefix}_LINK_KEYS_FILE"] = str(secrets / credentials.LINK_KEYS)
    if name == "notifier":
        own["NOTIFIER_SMTP_HOST"] = LOOPBACK
        own["NOTIFIER_SMTP_PORT"] = str(endpoints.ports["smtp"])
        own["NOTIFIER_SMTP_TLS"] = "none"
        own["NOTIFIER_TEST_SMTP_HOST"] = LOOPBACK
        own["NOTIFIER_TEST_SMTP_PORT"] = str(endpoints.ports["smtp"])
    return common_environment(endpoints, secrets) | own


def migration_environment(endpoints: Endpoints, secrets: Path) -> dict[str, str]:
    """What the one-shot steps read: every service's owner."""
    owners: dict[str, str] = {}
    for name, dsns in endpoints.postgres.items():
        owners[f"{name.upper()}_OWNER_DSN"] = _without_password(dsns.owner)
        owners[f"{name.upper()}_OWNER_PASSWORD_FILE"] = str(secrets / f"postgres-{name}_owner")
    return common_environment(endpoints, secrets) | owners


def service_spec(name: str, endpoints: Endpoints, secrets: Path, base: Mapping[str, str]) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        command=(sys.executable, "-m", f"services.{name}"),
        ready=Probe("http", endpoints.ports[name], "/health/ready"),
        env={**base, **service_environment(name, endpoints, secrets)},
        cwd=str(CODE_ROOT),
        after=("kafka", "mock-broker", "postgres"),
        grace_seconds=15,
    )


def _without_password(dsn: str) -> str:
    login, _, place = dsn.removeprefix("postgresql://").rpartition("@")
    return f"postgresql://{login.split(':')[0]}@{place}"
