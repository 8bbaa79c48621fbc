"""PROMISE: a database whose disk is full costs time and nothing else."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from aktivera.local.launch import launch
from aktivera.local.ports import free_port
from aktivera.local.postgres import PostgresNode
from chassis.settings import environment
from tests.eventually import eventually
from tests.faults.servers import Servers
from tests.faults.test_processes import whole
from tests.faults.toy_rig import ToyProcess, ToyRig
from tests.infrastructure import WITHOUT_SYNC, Infrastructure

pytestmark = pytest.mark.soak
MEGABYTES = 400
SMALL = {"shared_buffers": "16MB", "max_wal_size": "48MB", "min_wal_size": "32MB", "wal_recycle": "off"}


@pytest.fixture
async def small_node(tmp_path: Path) -> AsyncIterator[PostgresNode]:
    """A Postgres whose home is a file system in memory, that the test may fill."""
    node = PostgresNode(tmp_path / "pg", free_port(), tmp_path / "secrets", dict(environment()), WITHOUT_SYNC | SMALL)
    node.home.mkdir(parents=True, exist_ok=True)
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("not run: mounting a small file system takes root")
    command = [mount, "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(node.home)]
    mounted = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("not run: mounting a small file system is not allowed here")
    node.prepare()
    yield node
    await asyncio.to_thread(subprocess.run, ["umount", "-l", str(node.home)], check=True)
    node.remove()


def fill(folder: Path) -> Path:
    """All that is left, in one file."""
    path = folder / "filler"
    with path.open("wb") as filler:
        try:
            while True:
                filler.write(b"\0" * 65536)
                filler.flush()
        except OSError:
            pass
    assert os.statvfs(folder).f_bavail == 0
    return path


async def test_a_full_disk_is_503_and_loses_nothing(servers: Servers, small_node: PostgresNode, tmp_path: Path) -> None:
    node, process = small_node, launch(small_node.spec(), tmp_path)
    try:
        await node.ready(60)
        infra = Infrastructure(servers.infra.kafka, node.superuser_dsn, node.secrets)
        rig = await ToyRig.build(infra, "full-", tmp_path)
        await infra.stop()
        async with rig.kept():
            replica = rig.launch()
            await rig.ready(replica)
            await rig.write(range(5))
            filler = await asyncio.to_thread(fill, node.home)
            key = await eventually(lambda: refused(rig, replica), within=60, every=0.01)
            await rig.write(range(5))
            filler.unlink()
            if process.poll() is not None:  # it ends itself where it cannot write its log
                node.prepare()
                process = launch(node.spec(), tmp_path)
            await node.ready(60)
            await rig.add(key, key)
            await whole(rig, within=60)
            assert replica.exits == []
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(30)


async def refused(rig: ToyRig, replica: ToyProcess) -> str:
    """Commands are done until the disk is full and then put off, never anything else; answers the one put off."""
    key = f"full-{len(rig.sent)}"
    async with httpx.AsyncClient(timeout=40) as client:
        answer = await client.post(f"{replica.url}/v1/tallies/{key}", headers={"Idempotency-Key": key})
    if answer.status_code == 200:
        rig.sent[key] += 1
        return ""
    assert answer.status_code == 503, answer.text
    return key
