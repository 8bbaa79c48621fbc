"""The start of the process where a secret of the vault is wrong."""

import subprocess
import sys
from pathlib import Path

from chassis.settings import environment
from tests.infrastructure import ROOT
from tests.vault_secrets import write_vault_secrets


def test_a_wrong_vault_key_ends_the_start_with_exit_2_and_one_line(tmp_path: Path) -> None:
    settings = write_vault_secrets(tmp_path) | {
        "AKTIVERA_ENVIRONMENT": "test",
        "ONBOARDING_DATABASE_DSN": "postgresql://nobody@127.0.0.1/nothing",
    }
    (tmp_path / "vault-key").write_text("not a key")
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
        f"{tmp_path / 'vault-key'} must hold 32 bytes in base64 a line, the current key first",
    ]
