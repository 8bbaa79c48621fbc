"""The start of the process where a secret of the vault is wrong."""

import base64
import os
import subprocess
import sys
from pathlib import Path

from chassis.settings import environment
from tests.infrastructure import ROOT


def test_a_wrong_vault_key_ends_the_start_with_exit_2_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("not a key")
    (tmp_path / "pepper").write_text(base64.b64encode(os.urandom(32)).decode())
    settings = {
        "AKTIVERA_ENVIRONMENT": "test",
        "ONBOARDING_DATABASE_DSN": "postgresql://nobody@127.0.0.1/nothing",
        "ONBOARDING_VAULT_KEY_FILE": str(tmp_path / "key"),
        "ONBOARDING_VAULT_PEPPER_FILE": str(tmp_path / "pepper"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "services.onboarding"],
        cwd=ROOT,
        env=dict(environment()) | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "onboarding: settings are wrong",
        f"{tmp_path / 'key'} must hold 32 bytes in base64",
    ]
