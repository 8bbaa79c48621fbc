"""The vault's secrets: one that cannot be used ends the start with one line, and is never taken for an outage."""

import base64
import os
from pathlib import Path

import pytest

from chassis.failures import is_transient
from services.onboarding import vault
from services.onboarding.__main__ import SERVICE
from services.onboarding.settings import OnboardingSettings
from services.onboarding.vault import SecretUnusable
from tests.vault_secrets import write_vault_secrets

GOOD = base64.b64encode(os.urandom(32))


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The master key's file, which is missing; the other secrets are good."""
    for name, value in write_vault_secrets(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "vault-key").unlink()
    monkeypatch.setenv("ONBOARDING_DATABASE_DSN", "postgresql://nobody@127.0.0.1/nothing")
    vault.opened.cache_clear()
    return tmp_path / "vault-key"


def test_good_secrets_open_the_vault_at_the_start(key: Path) -> None:
    key.write_bytes(GOOD + b"\n")
    assert SERVICE.check is not None
    SERVICE.check(OnboardingSettings())
    assert vault.opened.cache_info().currsize == 1
    vault.opened.cache_clear()


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"not base64 at all!",
        GOOD[:-1],
        base64.b64encode(b"short"),
        GOOD + b"!!",
        b"\xff\xfe",
        b"\n".join([GOOD, b"x"]),
    ],
    ids=["missing", "empty", "no base64", "cut", "short", "more behind", "no text", "second line"],
)
def test_a_secret_that_cannot_be_used_ends_the_start_with_one_line_that_names_its_file(
    key: Path, content: bytes | None
) -> None:
    if content is not None:
        key.write_bytes(content)
    assert SERVICE.check is not None
    with pytest.raises(SecretUnusable) as refused:
        SERVICE.check(OnboardingSettings())
    assert str(key) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not is_transient(refused.value)


def test_a_missing_secret_is_not_waited_for_later(key: Path) -> None:
    with pytest.raises(SecretUnusable) as refused:
        vault.opened()
    assert not is_transient(refused.value)
