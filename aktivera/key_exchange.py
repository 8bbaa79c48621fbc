"""Exchanging keys: a fresh one put first in its file, old ones taken away, and data keys wrapped anew by onboarding."""

import base64
import json
import os
import secrets as random
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from aktivera.local.credentials import intake_key
from chassis.key_files import KEY_BYTES, MOST_KEYS, REFRESH_SECONDS, SecretUnusable, key_id, read_keys

Say = Callable[[str], None]


class KeyUnknown(Exception):  # named after the fact
    """The file has no key of this name."""

    code = "unknown_key"


class KeyIsCurrent(Exception):  # named after the fact
    """The first key is the one in use for what is new; only those behind it can be taken away."""

    code = "key_is_current"


class KeyStays(Exception):  # named after the fact
    """Something is still wrapped by the key."""

    code = "key_in_use"


class Vault(Protocol):
    """What onboarding tells and does."""

    def vault(self) -> dict[str, Any]: ...
    def rewrap(self, limit: int) -> int: ...


def rotate(services: Vault, batch: int, say: Say) -> dict[str, Any]:
    """Has onboarding wrap every data key anew, and answers how the vault then is."""
    told = services.vault()
    total, done = told["remaining"], 0
    while True:
        rewrapped = services.rewrap(batch)
        done += rewrapped
        if not rewrapped:
            return services.vault()
        say(f"{done} wrapped anew, {max(0, total - done)} remain")


def status_lines(told: Mapping[str, Any]) -> list[str]:
    """A line a key, and what to do about one that is missing."""
    lines = [f"{each['id']}  {_word(each):<8} wraps {each['in_use']}" for each in told["keys"]]
    missing = [each["id"] for each in told["keys"] if not each["present"]]
    lines += [f"{each} is missing: put it back into the file, behind the current key" for each in missing]
    return [*lines, f"{told['remaining']} remain to be wrapped with the current key"]


def must_be_unused(told: Mapping[str, Any], name: str, path: Path, now: datetime) -> None:
    """Raises KeyStays: while the key wraps something, and until no replica can have missed the last change."""
    wraps = sum(each["in_use"] for each in told["keys"] if each["id"] == name)
    if wraps:
        raise KeyStays(f"{name} still wraps {wraps} data keys: aktivera vault rotate")
    if now.timestamp() - path.stat().st_mtime < 2 * REFRESH_SECONDS:
        raise KeyStays(f"{path} was changed just now, and may not be read everywhere yet: again in two minutes")


def add_master_key(path: Path) -> str:
    """Puts a fresh key first, and answers its id. Raises SecretUnusable, OSError."""
    keys = list(read_keys(path).values())
    if len(keys) >= MOST_KEYS:
        raise SecretUnusable(f"{path} has {MOST_KEYS} keys already: drop old ones first")
    fresh = random.token_bytes(KEY_BYTES)
    _write_keys(path, [fresh, *keys])
    return key_id(fresh)


def must_be_old(path: Path, name: str) -> dict[str, bytes]:
    """The keys of the file, where this is one of those behind the first. Raises KeyUnknown, KeyIsCurrent,
    SecretUnusable."""
    keys = read_keys(path)
    _must_be_old(path, list(keys), name)
    return keys


def drop_master_key(path: Path, name: str) -> None:
    """Raises KeyUnknown, KeyIsCurrent, SecretUnusable, OSError."""
    keys = must_be_old(path, name)
    _write_keys(path, [key for each, key in keys.items() if each != name])


def add_intake_key(path: Path) -> str:
    """Puts a fresh key first, and answers its kid. Raises ValueError, KeyError, TypeError, OSError for a wrong file."""
    keys = json.loads(path.read_text(encoding="utf-8"))["keys"]
    if len(keys) >= MOST_KEYS:
        raise SecretUnusable(f"{path} has {MOST_KEYS} keys already: drop old ones first")
    fresh = intake_key()
    _write(path, json.dumps({"keys": [fresh, *keys]}))
    return str(fresh["kid"])


def drop_intake_key(path: Path, kid: str) -> None:
    """Raises KeyUnknown, KeyIsCurrent, ValueError, OSError."""
    keys = json.loads(path.read_text(encoding="utf-8"))["keys"]
    _must_be_old(path, [each["kid"] for each in keys], kid)
    _write(path, json.dumps({"keys": [each for each in keys if each["kid"] != kid]}))


def _word(key: Mapping[str, Any]) -> str:
    if key["current"]:
        return "current"
    return "old" if key["present"] else "missing"


def _must_be_old(path: Path, names: list[str], name: str) -> None:
    if name not in names:
        raise KeyUnknown(f"{path} has no key {name}; it has: {', '.join(names)}")
    if name == names[0]:
        raise KeyIsCurrent(f"{name} is the current key: put a new one before it first")


def _write_keys(path: Path, keys: list[bytes]) -> None:
    _write(path, "".join(base64.b64encode(key).decode() + "\n" for key in keys))


def _write(path: Path, content: str) -> None:
    """Beside and renamed, on disk before the old one goes: a torn file of keys would be the loss of all they seal."""
    beside = path.with_name(f"{path.name}.{random.token_hex(8)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
