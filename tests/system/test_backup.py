"""PROMISE: `aktivera backup` and `restore` bring back databases and secrets; no mail goes out before its release."""

import json
import stat
from pathlib import Path

import pytest

from aktivera.local import swap
from aktivera.local.layout import Layout
from chassis.settings import environment
from tests.eventually import eventually
from tests.infrastructure import fetch
from tests.system.test_readme import shell

AKTIVERA = ".venv/bin/aktivera"


@pytest.mark.timeout(300)
async def test_a_stack_comes_back_from_its_backup_with_mails_held(tmp_path: Path) -> None:
    if environment().get("AKTIVERA_BROKER") == "mock":
        pytest.skip("not run: this way needs Kafka")
    layout, file = Layout(tmp_path), tmp_path / "backup.tar.gz"
    try:
        await shell(f"{AKTIVERA} up", tmp_path)
        key = (layout.secrets / "vault-key").read_text()
        before = await _clients(layout)
        await shell(f"{AKTIVERA} backup {file}", tmp_path)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        (layout.secrets / "vault-key").write_text("lost")
        await fetch(_dsn(layout, "notifier"), "delete from notifications")
        told = await shell(f"{AKTIVERA} restore {file} --for-real", tmp_path)
        assert "aktivera announce onboarding --after-restore --for-real" in told
        assert (layout.secrets / "vault-key").read_text() == key
        assert await _clients(layout) == before
        assert await fetch(_dsn(layout, "notifier"), "select 1 from notifications")

        async def held() -> bool:
            return "mails held" in await shell(f"{AKTIVERA} status", tmp_path)

        await eventually(held, within=20, every=1)
        await shell(f"{AKTIVERA} announce onboarding --after-restore --for-real", tmp_path)
        await shell(f"{AKTIVERA} mail release --for-real", tmp_path)
        assert "mails held" not in await shell(f"{AKTIVERA} status", tmp_path)

        await shell(f"{AKTIVERA} down", tmp_path)
        _put_back(layout)
        (layout.secrets / "vault-key").write_text(key)
        told = await shell(f"{AKTIVERA} up --no-demo", tmp_path)
        assert "aktivera announce onboarding --after-restore --for-real" in told, "others spoke for it since"
        await eventually(held, within=20, every=1)
    finally:
        await shell(f"{AKTIVERA} clean", tmp_path)


def _put_back(layout: Layout) -> None:
    """What stood here before the restore, by hand, as docs/operations.md has it."""
    (today, secrets), (before, secrets_before) = swap.beside(layout, ""), swap.beside(layout, swap.BEFORE)
    before.move(today)
    secrets.rename(secrets.with_name("secrets.restored"))
    secrets_before.rename(secrets)


def _dsn(layout: Layout, service: str) -> str:
    address: str = json.loads(layout.endpoints_file.read_text())["postgres"][service]
    return address


async def _clients(layout: Layout) -> list[str]:
    rows = await fetch(_dsn(layout, "onboarding"), "select client_id::text from clients order by client_id")
    return [row["client_id"] for row in rows]
