"""docs/upstream.md as a reader follows it: its files saved, its commands run, at the addresses of what runs."""

import asyncio
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from chassis.settings import environment
from tests.infrastructure import ROOT
from tests.system.rig import Rig

PAGE = ROOT / "docs" / "upstream.md"
SECONDS = 120.0


@dataclass(frozen=True)
class Block:
    """A block of code: commands for the shell, or a file to be saved under its name."""

    language: str
    file: str
    text: str


def blocks() -> list[Block]:
    found = re.findall(r"^```(\w+) ?([\w.]*)\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(*each) for each in found]


@dataclass(frozen=True)
class Reader:
    """Somebody with the page before them, in a folder of their own."""

    rig: Rig
    folder: Path
    jars: Path

    def save(self) -> None:
        """All files of the page."""
        for block in blocks():
            if block.file:
                (self.folder / block.file).write_text(self._here(block.text), "utf-8")
        (self.folder / "lib").symlink_to(self.jars)

    async def run(self, block: Block) -> str:
        """What the commands of a block print; fails where one fails."""
        key = self.folder / "signing-key.json"
        key.write_text(json.dumps(self.rig.key.as_dict(private=True)))
        urls = {f"AKTIVERA_{each.service.upper()}_URL": each.url for each in self.rig.replicas}
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-euc",
            self._here(block.text),
            cwd=self.folder,
            env={**environment(), **urls, "AKTIVERA_KAFKA_BOOTSTRAP": self.rig.common.kafka_bootstrap}
            | {"AKTIVERA_SIGNING_KEY_FILE": str(key), "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.defpath}"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
        assert process.returncode == 0, f"{block.text}\n{output.decode()}"
        return output.decode()

    def _here(self, text: str) -> str:
        kafka, onboarding = self.rig.common.kafka_bootstrap, self.rig.url("onboarding")
        return text.replace("127.0.0.1:9092", kafka).replace("http://127.0.0.1:8101", onboarding)
