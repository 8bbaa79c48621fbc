"""PROMISE: `make up` from nothing shows each sample client's way, within its budget; every command of the README works;
`make down` leaves no process and all the data."""

import json
import os
import re
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from aktivera import SERVICES, STATISTICS
from aktivera.local.layout import Layout
from aktivera.local.ledger import entries
from aktivera.local.probes import is_ready
from aktivera.local.process_identity import is_alive
from aktivera.local.process_spec import Probe
from chassis.settings import environment
from tests.eventually import eventually
from tests.infrastructure import fetch
from tests.system.test_readme import at_real_addresses, blocks, script, shell

WAY = re.compile(
    r"^ +(?P<sample>API|event minimal|event full) +(?P<client>[0-9a-f-]{36})"
    r"  (?:requested|\(first sent) [\d-]+ [\d:]+\)?"
    r"(?P<rest>(?: → (?:listed|mail|bell) \+\d+ ms){3})$",
    re.MULTILINE,
)
COLD_SECONDS, WARM_SECONDS, RESIDENT_MB = 180, 20, 570


@pytest.mark.timeout(400)
async def test_make_up_the_readme_and_make_down_keep_their_promises(tmp_path: Path) -> None:
    if environment().get("AKTIVERA_BROKER") == "mock":
        pytest.skip("not run: this way needs Kafka")
    layout = Layout(tmp_path)
    try:
        clients = ways(await within(COLD_SECONDS, "make up", tmp_path))
        found = json.loads(layout.endpoints_file.read_text())
        await all_endpoints_answer(found)
        assert resident_mb(layout) <= RESIDENT_MB

        again = await within(WARM_SECONDS, "make up", tmp_path)
        assert "schema and topics are up to date" in again
        assert "(first sent " in again
        assert ways(again) == clients

        for block in blocks():
            await shell(at_real_addresses(script(block), tmp_path), tmp_path)

        started = [entry.identity for entry in entries(layout.state_file)]
        await shell("make down", tmp_path)
        assert not any(map(is_alive, started))
        assert processes_of(tmp_path) == []
        assert "nothing is running" in await shell("make down", tmp_path)

        assert ways(await shell("make up", tmp_path)) == clients
    finally:
        await shell(".venv/bin/aktivera clean", tmp_path)


async def within(seconds: float, command: str, root: Path) -> str:
    """What it printed; fails where it took longer."""
    begun = time.monotonic()
    output = await shell(command, root)
    assert time.monotonic() - begun <= seconds
    for service in (*SERVICES, STATISTICS, "mail"):
        assert re.search(rf"^  {service} +http://127.0.0.1:\d+$", output, re.MULTILINE), output
    return output


def ways(output: str) -> dict[str, str]:
    """Sample → client id, of all three, each with the whole way."""
    found = {way["sample"]: way["client"] for way in WAY.finditer(output)}
    assert len(found) == 3, output
    return found


async def all_endpoints_answer(found: dict[str, Any]) -> None:
    assert found["broker"] == "kafka"
    assert await is_ready(Probe("kafka", int(found["kafka"].rpartition(":")[2])))
    assert await is_ready(Probe("tcp", int(found["smtp"].rpartition(":")[2])))
    async with httpx.AsyncClient() as client:
        for service in (*SERVICES, STATISTICS):
            assert (await client.get(f"{found[service]}/health/ready")).status_code == 200
        assert len((await client.get(f"{found['mail']}/messages.json")).json()) == 3
    for dsn in found["postgres"].values():
        await eventually(partial(nothing_is_left_to_send, dsn), within=15)


async def nothing_is_left_to_send(dsn: str) -> bool:
    return await fetch(dsn, "select from outbox") == []


def resident_mb(layout: Layout) -> float:
    """Of what is ours: supervisor, mail sink and services."""
    ours = [entry.identity.pid for entry in entries(layout.state_file) if entry.name not in {"kafka", "postgres"}]
    assert len(ours) == 6
    stats = "".join(Path(f"/proc/{pid}/status").read_text() for pid in ours)
    return sum(map(int, re.findall(r"^VmRSS:\s+(\d+) kB$", stats, re.MULTILINE))) / 1024


def processes_of(root: Path) -> list[int]:
    """Processes that were started with this root in their command or environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            told = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if str(root).encode() in told:
            found.append(int(pid))
    return found
