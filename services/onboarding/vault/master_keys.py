"""The master keys: the current one wraps the data keys of what is new, older ones still open theirs."""

import os
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.failures import NotNow
from chassis.key_files import KEY_BYTES, KeyFile, SecretUnusable, read_keys

NONCE_BYTES = 12


class MasterKeyMissing(NotNow):  # named after the fact
    """What is sealed was wrapped by a key that is not in the file; once it is put back the same can be done."""


class MasterKeys:
    """Wraps data keys. `context` is bound in: a wrapped key cannot be moved to another row."""

    def __init__(self, path: Path) -> None:
        """Raises SecretUnusable."""
        self._file = KeyFile(path, read_keys)

    @property
    def path(self) -> Path:
        return self._file.path

    def ids(self) -> list[str]:
        """The ids of all keys, the current one first."""
        return list(self._file.all())

    def look_again(self) -> None:
        """Reads the file now. Raises SecretUnusable."""
        self._file.look_again()

    def wrap(self, data_key: bytes, context: bytes) -> tuple[str, bytes]:
        """(id of the master key, the wrapped key)."""
        name, key = self._file.current()
        return name, close(key, data_key, context)

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """Raises MasterKeyMissing, and cryptography.exceptions.InvalidTag where row or content were changed."""
        key = self._file.find(name)
        if key is None:
            raise MasterKeyMissing(f"the vault's master key {name} is not in its file")
        return open_(key, wrapped, context)

    def must_hold(self, names: Iterable[str]) -> None:
        """Raises SecretUnusable where one of these is not in the file."""
        missing = sorted({name for name in names if self._file.find(name) is None})
        if missing:
            raise SecretUnusable(
                f"{self.path} lacks master keys that the vault needs: {', '.join(missing)}; put them back, "
                "behind the current one"
            )


def data_key() -> bytes:
    """A fresh key for one client's data."""
    return os.urandom(KEY_BYTES)


def close(key: bytes, content: bytes, context: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, context)


def open_(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Raises cryptography.exceptions.InvalidTag where key, context or content differ."""
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
