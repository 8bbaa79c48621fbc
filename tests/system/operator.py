"""The command `aktivera` as an operator runs it, against a rig."""

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import Any

from chassis.settings import environment
from tests.eventually import eventually
from tests.infrastructure import ROOT
from tests.system.rig import Rig


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    output: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)


@dataclass(frozen=True)
class Operator:
    """Runs commands in processes of their own, with the rig's addresses."""

    rig: Rig

    async def run(self, *words: str) -> Ran:
        key = self.rig.folder / "signing-key.json"
        key.write_text(json.dumps(self.rig.key.as_dict(private=True)))
        urls = {f"AKTIVERA_{each.service.upper()}_URL": each.url for each in self.rig.replicas}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from aktivera.cli import main; main()",
            *words,
            cwd=ROOT,
            env={**environment(), **urls, "AKTIVERA_KAFKA_BOOTSTRAP": self.rig.common.kafka_bootstrap}
            | {"AKTIVERA_SIGNING_KEY_FILE": str(key)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return Ran(process.returncode, output.decode())

    async def does(self, *words: str) -> str:
        """A command that must succeed; answers what it said."""
        ran = await self.run(*words)
        assert ran.code == 0, ran.output
        return ran.output

    async def stopped(self, service: str, fact: str, within: float = 60) -> None:
        """Waits until the status names why a service stopped reading."""

        async def probe() -> bool:
            (told,) = [each for each in (await self.run("status", "--json")).json if each["service"] == service]
            assert str(told.get("reading_stopped_by")).startswith(fact), told
            return True

        await eventually(probe, within, every=0.5)

    async def reads_again(self, within: float = 40) -> None:
        """Waits until every service reads and nothing is under way.

        Services are asked one after the other: what one has just read may be unsent, and unread by another. Where all
        have read the same twice over, and sent everything in between, that is not so.
        """
        before: list[dict[str, Any]] = []

        async def probe() -> bool:
            nonlocal before
            now: list[dict[str, Any]] = []
            told = (await self.run("status", "--json")).json
            assert isinstance(told, list), told
            for each in told:
                assert "error" not in each, each
                assert not each["reading_stopped_by"], each
                assert each["outbox"] == 0, each
                assert each["announcing"] == [], each
            for service in ("onboarding", "activation", "notifier"):
                rows = (await self.run("offsets", "show", service, "--json")).json
                assert isinstance(rows, list), rows
                assert rows, service
                behind = [row for row in rows if row["handled"] != row["ends"]]
                assert not behind, behind
                now += rows
            same, before = now == before, now
            return same

        await eventually(probe, within, every=0.5)

    async def differences(self) -> list[dict[str, Any]]:
        """What `reconcile` finds, without what is on its way."""
        names = ("missing", "behind", "ahead", "waiting", "unknown")
        found = (await self.run("reconcile", "--json")).json
        assert isinstance(found, list), found
        return [each for each in found if any(each[name] for name in names)]

    async def sees_no_difference(self) -> bool:
        found = await self.differences()
        assert found == []
        return True

    async def sees_missing(self, **readers: list[str]) -> bool:
        """Whether exactly these readers differ from what the owners have, and miss these."""
        return {each["reader"]: each["missing"] for each in await self.differences()} == readers
