"""The README: short, and its commands, which tests/system/test_make_up.py runs as they stand there."""

import asyncio
import json
import re
from pathlib import Path

from chassis.settings import environment
from tests.infrastructure import ROOT

ELSEWHERE = {  # commands that another test runs, or that run this one
    "docker compose up -d --wait": "tests/system/test_compose.py",
    "docker compose run --rm demo": "tests/system/test_compose.py",
    "docker compose run --rm aktivera status": "tests/system/test_compose.py",
    "docker compose down": "tests/system/test_compose.py",
    "make test": "what runs this test",
    "make up": "tests/system/test_make_up.py, around all the others",
    "make down": "tests/system/test_make_up.py, around all the others",
    "make bench": "bench/, measured and never asserted; its parts are imported by tests/house",
}


def blocks() -> list[str]:
    """The shell blocks of the README, in order."""
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[str]:
    """Its lines without comments."""
    return [re.sub(r"\s+# .*$", "", line) for line in block.splitlines() if line.strip()]


def script(block: str) -> str:
    return "set -eu\n" + "\n".join(line for line in commands(block) if line not in ELSEWHERE)


def at_real_addresses(text: str, root: Path) -> str:
    """The README names the usual ports; where one was busy, `make up` has said which other it took."""
    endpoints = json.loads((root / ".local" / "endpoints.json").read_text())
    for port, service in ((8101, "onboarding"), (8102, "activation")):
        text = text.replace(f"http://127.0.0.1:{port}", endpoints[service])
    return text.replace("/tmp/client.json", str(root / "client.json"))


def test_the_readme_is_short_enough_to_read() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_what_is_said_to_run_elsewhere_is_in_the_readme_and_runs_there() -> None:
    listed = [line for block in blocks() for line in commands(block)]
    for command, where in ELSEWHERE.items():
        assert command in listed
        if where.startswith("tests/system/test_compose"):
            assert (ROOT / where).exists()


async def shell(text: str, root: Path) -> str:
    """Runs a block with the data in `root`; fails with what it printed."""
    inherited = {name: value for name, value in environment().items() if not name.startswith(("AKTIVERA_TEST", "MAKE"))}
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        text,
        cwd=ROOT,
        env=inherited | {"AKTIVERA_ROOT": str(root), "AKTIVERA_BROKER": "kafka"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 240)
    assert process.returncode == 0, f"{text}\n{output.decode()}"
    return output.decode()
