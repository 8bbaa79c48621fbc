"""Keys in their files: a fresh one goes first, old ones go only when nothing needs them, and no file is ever torn."""

import base64
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aktivera import key_exchange
from aktivera.key_exchange import KeyIsCurrent, KeyStays, KeyUnknown
from chassis.clock import system_clock
from chassis.key_files import MOST_KEYS, SecretUnusable, key_id, read_keys
from services.onboarding.vault.intake_keys import IntakeKeys
from tests.vault_secrets import encrypted, intake_key, write_intake_keys

LATER = timedelta(minutes=3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vault-key"
    path.write_text(base64.b64encode(os.urandom(32)).decode())
    return path


def test_a_fresh_master_key_goes_first_and_the_old_one_stays_behind_it(file: Path) -> None:
    (old,) = read_keys(file)
    fresh = key_exchange.add_master_key(file)
    assert list(read_keys(file)) == [fresh, old]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["vault-key"]


def test_an_old_master_key_is_taken_away_and_the_current_one_is_not(file: Path) -> None:
    (old,) = read_keys(file)
    fresh = key_exchange.add_master_key(file)
    with pytest.raises(KeyIsCurrent):
        key_exchange.drop_master_key(file, fresh)
    with pytest.raises(KeyUnknown):
        key_exchange.drop_master_key(file, key_id(b"another"))
    key_exchange.drop_master_key(file, old)
    assert list(read_keys(file)) == [fresh]


def test_a_file_takes_no_more_keys_than_it_can_be_read_with(file: Path) -> None:
    for _ in range(MOST_KEYS - 1):
        key_exchange.add_master_key(file)
    assert len(read_keys(file)) == MOST_KEYS
    with pytest.raises(SecretUnusable):
        key_exchange.add_master_key(file)
    assert len(read_keys(file)) == MOST_KEYS


def told(*keys: tuple[str, int]) -> dict[str, Any]:
    rows = [
        {"id": name, "in_use": count, "present": True, "current": not place} for place, (name, count) in enumerate(keys)
    ]
    return {"keys": rows, "remaining": sum(count for _, count in keys[1:])}


def test_a_key_stays_while_it_wraps_something_and_until_every_replica_has_read_the_file(file: Path) -> None:
    with pytest.raises(KeyStays):
        key_exchange.must_be_unused(told(("b", 5), ("a", 1)), "a", file, system_clock() + LATER)
    with pytest.raises(KeyStays):
        key_exchange.must_be_unused(told(("b", 5), ("a", 0)), "a", file, system_clock())
    key_exchange.must_be_unused(told(("b", 5), ("a", 0)), "a", file, system_clock() + LATER)


class Service:
    """Wraps in batches, and takes more in meanwhile."""

    def __init__(self, batches: list[int]) -> None:
        self._batches: Iterator[int] = iter(batches)

    def vault(self) -> dict[str, Any]:
        return told(("b", 5), ("a", 7))

    def rewrap(self, limit: int) -> int:
        return min(limit, next(self._batches))


def test_a_rotation_goes_on_until_nothing_can_be_wrapped_any_more_and_says_how_far_it_is() -> None:
    lines: list[str] = []
    key_exchange.rotate(Service([4, 3, 1, 0]), 10, lines.append)
    assert lines == ["4 wrapped anew, 3 remain", "7 wrapped anew, 0 remain", "8 wrapped anew, 0 remain"]


def test_a_missing_key_is_named_with_what_to_do() -> None:
    shown = told(("b", 5), ("a", 7))
    shown["keys"][1]["present"] = False
    lines = key_exchange.status_lines(shown)
    assert lines == [
        "b  current  wraps 5",
        "a  missing  wraps 7",
        "a is missing: put it back into the file, behind the current key",
        "7 remain to be wrapped with the current key",
    ]


def test_a_fresh_intake_key_is_published_and_the_old_one_still_opens_until_it_is_taken_away(tmp_path: Path) -> None:
    file, old = tmp_path / "intake-keys.json", intake_key("intake-1")
    write_intake_keys(tmp_path, old)
    kid = key_exchange.add_intake_key(file)
    keys = IntakeKeys(file)
    (public,) = keys.published()["keys"]
    assert public["kid"] == kid
    for each in (public, old.as_dict(private=False)):
        assert json.loads(keys.open(encrypted({"a": 1}, each))) == {"a": 1}
    with pytest.raises(KeyIsCurrent):
        key_exchange.drop_intake_key(file, kid)
    key_exchange.drop_intake_key(file, "intake-1")
    assert [each["kid"] for each in json.loads(file.read_text())["keys"]] == [kid]
