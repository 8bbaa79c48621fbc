"""Insights as a process on the run's broker, which can be killed and asked."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

from aktivera.local.ports import free_port
from chassis.clock import system_clock
from chassis.settings import CommonSettings, environment
from tests.eventually import eventually
from tests.infrastructure import ROOT

START_SECONDS, READ_SECONDS = 40.0, 240.0


class InsightsHasEnded(Exception):
    """It ended while a test waited for it: with the end of its log."""


@dataclass
class Insights:
    """One process at a time, at one address."""

    common: CommonSettings
    folder: Path
    key: OKPKey
    port: int
    gives_way: bool = False
    """As it does by itself, with the settings that it has then, which tests have no time for."""
    process: "subprocess.Popen[bytes] | None" = None

    @classmethod
    def of(cls, common: CommonSettings, folder: Path, *, gives_way: bool = False) -> "Insights":
        key = OKPKey.generate_key("Ed25519", {"kid": "insights"}, private=True)
        (folder / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        return cls(common, folder, key, free_port(), gives_way)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    async def start(self) -> None:
        """Starts it, and waits until it answers."""
        self.launch()
        await self.ready()

    def launch(self) -> None:
        """Starts it, in a session of its own as everywhere."""
        own = {
            "AKTIVERA_ENVIRONMENT": "test",
            "AKTIVERA_KAFKA_BOOTSTRAP": self.common.kafka_bootstrap,
            "AKTIVERA_TOPIC_PREFIX": self.common.topic_prefix,
            "AKTIVERA_TOKEN_KEYS_FILE": str(self.folder / "keys.json"),
            "INSIGHTS_HTTP_PORT": str(self.port),
        }
        if not self.gives_way:
            own |= {"INSIGHTS_LOOK_SECONDS": "0.5", "INSIGHTS_GIVES_WAY": "false"}
        inherited = {key: value for key, value in environment().items() if not key.startswith("AKTIVERA_")}
        with (self.folder / "insights.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.insights"],
                cwd=ROOT,
                env=inherited | own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Waits until it answers."""

        async def probe() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "insights.log").read_text()[-2000:]
            try:
                return (await client.get("/health/ready", timeout=3)).status_code == 200
            except httpx.HTTPError as error:
                raise AssertionError(repr(error)) from error

        async with httpx.AsyncClient(base_url=self.url, verify=False) as client:
            await eventually(probe, within=START_SECONDS)

    @contextmanager
    def ended(self) -> Iterator["Insights"]:
        """None of it runs after the block."""
        try:
            yield self
        finally:
            if self.runs:
                self.kill()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        assert self.process.wait(10) == -signal.SIGKILL

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """SIGSTOP, and SIGCONT at the end: it is there and does nothing. After half a minute it ends itself."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(15)

    def resident_megabytes(self) -> float:
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def token(
        self, sub: str = "ola", agency: str = "aktivera", role: str = "operator", **claims: Any
    ) -> dict[str, str]:
        body = {
            "iss": self.common.token_issuer,
            "aud": self.common.token_audience,
            "exp": int((system_clock() + timedelta(hours=1)).timestamp()),
            "sub": sub,
            "agency": agency,
            "roles": [role],
            **claims,
        }
        return {"Authorization": f"Bearer {jwt.encode({'alg': 'EdDSA', 'kid': 'insights'}, body, self.key, ['EdDSA'])}"}

    async def get(self, path: str, **query: str) -> Any:
        async with httpx.AsyncClient(base_url=self.url, headers=self.token(), timeout=30, verify=False) as client:
            answer = await client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def rebuild(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, headers=self.token(), timeout=30, verify=False) as client:
            assert (await client.post("/v1/operations/rebuild")).status_code == 202

    async def has_read(
        self, records: int, within: float = READ_SECONDS, since: datetime | None = None
    ) -> dict[str, Any]:
        """The status once that many records were read, and all that was said by `since`, or until now."""
        since = since or system_clock()

        async def probe() -> dict[str, Any]:
            if not self.runs:
                raise InsightsHasEnded((self.folder / "insights.log").read_text()[-2000:])
            status: dict[str, Any] = await self.get("/v1/operations/status")
            read = sum(sum(each.values()) for each in status["outcomes"].values())
            assert status["as_of"] is not None, status
            assert datetime.fromisoformat(status["as_of"]) >= since, status
            assert read >= records, f"{read} of {records}: {status['outcomes']}"
            return status

        return await eventually(probe, within=within, every=0.25)
