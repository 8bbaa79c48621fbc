"""Invariants of a whole run: processes stay small and alive, leases are owned, logs and topics tell no secret."""

import os
import re
from pathlib import Path

import httpx

from tests.faults.field import Field
from tests.infrastructure import fetch
from tests.system import checker
from tests.system.rig import Replica

MOST_RESIDENT_MB = 400
MOST_FILES = 200
ADDRESS = re.compile(r"c5569\d\d-\d{4}@example\.se")


async def bounds(on: Field) -> list[str]:
    """I10, I11, I13 and I14 as far as one run shows them; what is wrong, as sentences."""
    found = [fault for replica in on.rig.replicas for fault in await _process(replica)]
    for service, address in on.rig.databases.items():
        rows = await fetch(address, "select until > clock_timestamp() as owned from relay_lease")
        if not all(row["owned"] for row in rows):
            found.append(f"I10: nobody has the relay's lease of {service}")
    for topic in checker.TOPICS:
        agencies = {event["data"].get("agency") for event in await checker.events(on.rig, topic)}
        if not agencies <= {"byra-ett", None}:
            found.append(f"I12: {topic} has events of {agencies}")
    strange = {code for _, code in on.exits} - {0, 1, 70, -9}
    return found + _logs(on.rig.folder) + ([f"I14: processes ended with {strange}"] if strange else [])


def _logs(folder: Path) -> list[str]:
    logs = [log for log in folder.glob("*.log") if log.stem != "mail"]
    told = [log.name for log in logs if ADDRESS.search(log.read_text(errors="replace"))]
    return [f"I11: an address stands in {name}" for name in told]


async def _process(replica: Replica) -> list[str]:
    found = []
    resident, files = _size(replica.process.pid)
    if resident > MOST_RESIDENT_MB or files > MOST_FILES:
        found.append(f"I13: {replica.service} holds {resident} MB and {files} files")
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.get(f"{replica.url}/health/live")
    return found if answer.status_code == 200 else [*found, f"I14: {replica.service} is not alive: {answer.text}"]


def _size(pid: int) -> tuple[int, int]:
    """Resident megabytes and open files."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = re.search(r"VmRSS:\s+(\d+)", status)
    assert kilobytes is not None
    return int(kilobytes.group(1)) // 1024, len(os.listdir(f"/proc/{pid}/fd"))
