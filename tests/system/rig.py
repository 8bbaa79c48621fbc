"""The three services and a mail sink as processes on the run's servers; each can be killed and started again."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

from aktivera.local.ports import free_port
from chassis import kafka
from chassis.clock import system_clock
from chassis.service import Service
from chassis.settings import CommonSettings, environment
from schemas.topics import TOPICS
from services.activation.__main__ import SERVICE as ACTIVATION
from services.notifier.__main__ import SERVICE as NOTIFIER
from services.onboarding.__main__ import SERVICE as ONBOARDING
from tests.eventually import eventually
from tests.infrastructure import ROOT, Infrastructure
from tests.link_keys import write_link_keys
from tests.vault_secrets import vault_settings, write_vault_secrets

SERVICES: dict[str, Service] = {"onboarding": ONBOARDING, "activation": ACTIVATION, "notifier": NOTIFIER}
READY_SECONDS = 40.0


@dataclass
class Replica:
    """One process of a service."""

    service: str
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Rig:
    """What runs. `common` are the settings all share; `databases` the addresses by service."""

    infra: Infrastructure
    common: CommonSettings
    folder: Path
    key: OKPKey
    databases: dict[str, str] = field(default_factory=dict)
    replicas: list[Replica] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    mail: "subprocess.Popen[bytes] | None" = None
    ports: dict[str, int] = field(default_factory=dict)

    @classmethod
    async def build(cls, infra: Infrastructure, prefix: str, folder: Path, partitions: int = 4) -> "Rig":
        """Databases, topics and keys; nothing runs yet."""
        key = OKPKey.generate_key("Ed25519", {"kid": "rig"}, private=True)
        (folder / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        (folder / "held-key").write_text(base64.b64encode(os.urandom(32)).decode())
        write_vault_secrets(folder)
        write_link_keys(folder / "link-keys.json")
        common = CommonSettings(
            environment="test", kafka_bootstrap=infra.kafka, topic_prefix=prefix, topic_partitions=partitions
        )
        await kafka.create_topics(common, [(topic.name, topic.retention_days) for topic in TOPICS.values()])
        rig = cls(infra, common, folder, key)
        for name, service in SERVICES.items():
            rig.databases[name] = await infra.database(service)
        return rig

    def start_mail(self) -> None:
        for name in ("smtp", "mail"):
            self.ports.setdefault(name, free_port())
        command = [sys.executable, "-m", "aktivera.local.mail_sink", "--data", str(self.folder / "mail")]
        command += ["--smtp-port", str(self.ports["smtp"]), "--page-port", str(self.ports["mail"])]
        self.mail = self._launch("mail", command, {})

    async def start(self, service: str, port: int | None = None, **settings: str) -> Replica:
        """Starts one more replica and waits until it is ready."""
        replica = self.launch(service, port, **settings)
        await self.ready(replica)
        return replica

    def launch(self, service: str, port: int | None = None, **settings: str) -> Replica:
        port = port or free_port()
        process = self._launch(
            service, [sys.executable, "-m", f"services.{service}"], self._environment(service, port) | settings
        )
        replica = Replica(service, port, process)
        self.replicas.append(replica)
        return replica

    async def ready(self, replica: Replica) -> None:
        await eventually(lambda: self.is_ready(replica), within=READY_SECONDS)

    async def is_ready(self, replica: Replica) -> bool:
        """Raises AssertionError where it does not answer."""
        assert replica.process.poll() is None, f"{replica.service} ended with {replica.process.returncode}"
        async with httpx.AsyncClient(verify=False) as client:  # which would read all certificates for each look
            try:
                return (await client.get(f"{replica.url}/health/ready", timeout=3)).status_code == 200
            except httpx.HTTPError as error:
                raise AssertionError(repr(error)) from error

    async def listens(self, replica: Replica) -> bool:
        """Whether the replica takes connections: before that, there is nobody to call, and no orderly end."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", replica.port)
        except OSError:
            return False
        writer.close()
        return True

    def kill(self, replica: Replica) -> None:
        """-9, and the fault must have fired."""
        replica.process.kill()
        assert replica.process.wait(10) == -signal.SIGKILL
        self.replicas.remove(replica)

    def stop(self) -> None:
        running = [replica.process for replica in self.replicas] + ([self.mail] if self.mail else [])
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    def url(self, service: str) -> str:
        return next(replica.url for replica in self.replicas if replica.service == service)

    def token(
        self, sub: str, *roles: str, agency: str = "byra-ett", name: str | None = None, client: str | None = None
    ) -> dict[str, str]:
        """Request headers of a caller: of the agency, or of a client's own where `client` is named."""
        claims = {
            "iss": self.common.token_issuer,
            "aud": self.common.token_audience,
            "sub": sub,
            "agency": agency,
            "roles": list(roles or ("client_manager",)) if client is None else [],
            **({} if client is None else {"client": client}),
            "name": name or sub.capitalize(),
            "exp": int((system_clock() + timedelta(hours=1)).timestamp()),
        }
        return {"Authorization": "Bearer " + jwt.encode({"alg": "EdDSA", "kid": "rig"}, claims, self.key, ["EdDSA"])}

    async def directory(self, agency: str = "byra-ett") -> None:
        """An agency with karin, erik and anna."""
        headers = self.token("anna", "agency_admin", agency=agency)
        async with httpx.AsyncClient(base_url=self.url("onboarding"), headers=headers, timeout=15) as client:
            body: dict[str, Any] = {"name": agency.title(), "locale": "sv", "client_visibility": "all"}
            (await client.put(f"/v1/agencies/{agency}", json=body)).raise_for_status()
            for sub in ("karin", "erik", "anna"):
                roles = ["client_manager"] + (["agency_admin"] if sub == "anna" else [])
                body = {"name": sub.title(), "email": f"{sub}@{agency}.se", "locale": "sv", "roles": roles}
                (await client.put(f"/v1/agencies/{agency}/consultants/{sub}", json=body)).raise_for_status()

    def mails(self) -> list[dict[str, Any]]:
        answer = httpx.get(f"http://127.0.0.1:{self.ports['mail']}/messages.json", timeout=30)
        mails: list[dict[str, Any]] = answer.json()
        return mails

    def _environment(self, service: str, port: int) -> dict[str, str]:
        name = service.upper()
        own = {
            f"{name}_DATABASE_DSN": self.databases[service],
            f"{name}_HTTP_PORT": str(port),
            **vault_settings(self.folder),
            "ACTIVATION_LINK_KEYS_FILE": str(self.folder / "link-keys.json"),
            "NOTIFIER_LINK_KEYS_FILE": str(self.folder / "link-keys.json"),
            "NOTIFIER_SMTP_PORT": str(self.ports.get("smtp", 25)),
            "NOTIFIER_SMTP_TLS": "none",
            "NOTIFIER_SMTP_DATA_TIMEOUT_SECONDS": "10",
            "NOTIFIER_SMTP_CONNECT_TIMEOUT_SECONDS": "3",
            "NOTIFIER_SMTP_COMMAND_TIMEOUT_SECONDS": "3",
            "NOTIFIER_MAIL_RETRY_DELAYS_SECONDS": "[1, 2]",
            "NOTIFIER_MAIL_SERVER_RETRY_SECONDS": "2",
        }
        shared = {
            "AKTIVERA_ENVIRONMENT": "test",
            "AKTIVERA_KAFKA_BOOTSTRAP": self.common.kafka_bootstrap,
            "AKTIVERA_TOPIC_PREFIX": self.common.topic_prefix,
            "AKTIVERA_TOPIC_PARTITIONS": str(self.common.topic_partitions),
            "AKTIVERA_TOKEN_KEYS_FILE": str(self.folder / "keys.json"),
            "AKTIVERA_HELD_KEY_FILE": str(self.folder / "held-key"),
        }
        return shared | own | self.settings

    def _launch(self, name: str, command: list[str], settings: dict[str, str]) -> "subprocess.Popen[bytes]":
        inherited = {key: value for key, value in environment().items() if not key.startswith("AKTIVERA_")}
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=inherited | settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
